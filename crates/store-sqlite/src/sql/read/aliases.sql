-- All aliases of all functions.
SELECT
    function_name,
    alias,
    function_version,
    description,
    routing,
    revision_id
FROM
    aliases
ORDER BY
    function_name,
    alias;
