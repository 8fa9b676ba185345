-- Forgets a function with its versions, aliases and settings. Its executions stay.
WITH
    versions AS (
        DELETE FROM lambdura.function_versions
        WHERE account_id = $1 AND function_name = $2
    ),
    aliases AS (
        DELETE FROM lambdura.aliases
        WHERE account_id = $1 AND function_name = $2
    )
DELETE FROM lambdura.function_settings
WHERE
    account_id = $1
    AND function_name = $2
