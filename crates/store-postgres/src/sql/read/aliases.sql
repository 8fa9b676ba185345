-- All aliases of all functions.
SELECT
    function_name,
    alias,
    function_version,
    description,
    routing,
    revision_id
FROM
    lambdura.aliases
WHERE
    account_id = $1
ORDER BY
    function_name,
    alias
