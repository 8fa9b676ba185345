-- The last inputs of a function that are no larger than $3 bytes.
SELECT
    started_at,
    execution_name,
    input
FROM
    lambdura.execution_specs
WHERE
    account_id = $1
    AND function_name = $2
    AND input_bytes <= $3
ORDER BY
    started_at DESC,
    execution_key DESC
LIMIT
    $4
