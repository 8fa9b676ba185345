-- The settings of all functions that have any.
SELECT
    function_name,
    settings
FROM
    lambdura.function_settings
WHERE
    account_id = $1
ORDER BY
    function_name
