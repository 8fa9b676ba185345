-- Points an alias to a version.
INSERT INTO
    aliases (function_name, alias, function_version, description)
VALUES
    (?1, ?2, ?3, ?4)
ON CONFLICT DO UPDATE
SET
    function_version = excluded.function_version,
    description = excluded.description;
