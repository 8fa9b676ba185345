-- Versions of functions that something open needs: executions, chained invokes, accepted invocations.
SELECT
    function_name,
    function_version
FROM
    execution_counts
WHERE
    count > 0
    AND status IN ('RUNNING', 'PAUSING', 'PAUSED')
UNION
SELECT
    target_function,
    target_version
FROM
    operations AS operation INDEXED BY operations_open
    CROSS JOIN execution_states AS state USING (execution_key)
WHERE
    operation.type = 'CHAINED_INVOKE'
    AND operation.ended_at IS NULL
    AND operation.type NOT IN ('EXECUTION', 'CONTEXT')
    AND operation.target_function IS NOT NULL
    AND state.ended_at IS NULL
UNION
SELECT
    function_name,
    function_version
FROM
    async_invocations;
