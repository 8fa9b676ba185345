-- A version as it was deployed. Changes nothing when there is such a version.
INSERT INTO
    function_versions (
        function_name, function_version, code_sha256, config_sha256, code_dir, configuration,
        published_at
    )
VALUES
    (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT DO NOTHING;
