-- All versions of all functions; their order is numeric, which text is not, so the caller sorts.
SELECT
    function_name,
    function_version,
    code_sha256,
    config_sha256,
    code_dir,
    configuration,
    published_at
FROM
    function_versions;
