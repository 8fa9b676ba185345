-- Versions of functions that something open needs: executions, chained invokes, accepted invocations.
SELECT
    function_name,
    function_version
FROM
    lambdura.execution_counts
WHERE
    account_id = $1
    AND status IN ('RUNNING', 'PAUSING', 'PAUSED')
GROUP BY
    function_name,
    function_version
HAVING
    sum(count) > 0
UNION
SELECT
    operation.target_function,
    operation.target_version
FROM
    lambdura.operations AS operation
    JOIN lambdura.execution_states AS state USING (execution_key)
WHERE
    operation.type = 'CHAINED_INVOKE'
    AND operation.ended_at IS NULL
    AND operation.target_function IS NOT NULL
    AND state.account_id = $1
    AND state.ended_at IS NULL
UNION
SELECT
    function_name,
    function_version
FROM
    lambdura.async_invocations
WHERE
    account_id = $1
