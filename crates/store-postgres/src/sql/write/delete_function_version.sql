-- Forgets a version.
DELETE FROM lambdura.function_versions
WHERE
    account_id = $1
    AND function_name = $2
    AND function_version = $3
