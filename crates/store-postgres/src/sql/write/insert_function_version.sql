-- Publishes a version; none comes back when it was published before.
INSERT INTO
    lambdura.function_versions (
        account_id, function_name, function_version, code_sha256, config_sha256, code_dir, configuration, published_at
    )
VALUES
    ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (account_id, function_name, function_version) DO NOTHING
RETURNING
    1
