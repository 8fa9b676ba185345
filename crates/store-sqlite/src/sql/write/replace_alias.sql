-- Points an alias to a version.
INSERT INTO
    aliases (function_name, alias, function_version, description, routing, revision_id)
VALUES
    (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE
SET
    function_version = excluded.function_version,
    description = excluded.description,
    routing = excluded.routing,
    revision_id = excluded.revision_id;
