-- Records a version in the place of the one of that number.
INSERT INTO
    lambdura.function_versions (
        account_id, function_name, function_version, code_sha256, config_sha256, code_dir, configuration, published_at
    )
VALUES
    ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (account_id, function_name, function_version) DO UPDATE
SET
    code_sha256 = excluded.code_sha256,
    config_sha256 = excluded.config_sha256,
    code_dir = excluded.code_dir,
    configuration = excluded.configuration,
    published_at = excluded.published_at
RETURNING
    1
