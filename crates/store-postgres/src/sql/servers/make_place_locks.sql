-- The rows that are locked, in the same order for all.
INSERT INTO
    lambdura.place_locks (account_id, function_name)
SELECT
    $1,
    function_name
FROM
    unnest($2::text[]) AS asked (function_name)
ORDER BY
    function_name COLLATE "C"
ON CONFLICT DO NOTHING
