-- One after the other, in the same order for all.
SELECT
    function_name
FROM
    lambdura.place_locks
WHERE
    account_id = $1
    AND function_name = ANY ($2)
ORDER BY
    function_name
FOR UPDATE
