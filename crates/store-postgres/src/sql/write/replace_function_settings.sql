-- What holds for a function whatever its version.
INSERT INTO
    lambdura.function_settings (account_id, function_name, settings)
VALUES
    ($1, $2, $3)
ON CONFLICT (account_id, function_name) DO UPDATE
SET
    settings = excluded.settings
