-- What keeps an execution from starting: one with its id ($2), or else one of its function with its name ($3, $4).
SELECT
    partition,
    region,
    arn_account_id,
    function_name,
    function_version,
    execution_name,
    execution_id
FROM
    lambdura.execution_specs
WHERE
    account_id = $1
    AND (execution_id = $2 OR (function_name = $3 AND execution_name = $4))
ORDER BY
    execution_id = $2 DESC
LIMIT
    1
