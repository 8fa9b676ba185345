-- Points an alias to a version.
INSERT INTO
    lambdura.aliases (account_id, function_name, alias, function_version, description, routing, revision_id)
VALUES
    ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (account_id, function_name, alias) DO UPDATE
SET
    function_version = excluded.function_version,
    description = excluded.description,
    routing = excluded.routing,
    revision_id = excluded.revision_id
