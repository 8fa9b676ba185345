-- What comes due next in executions that have not ended, soonest first.
SELECT
    spec.partition,
    spec.region,
    spec.arn_account_id,
    spec.function_name,
    spec.function_version,
    spec.execution_name,
    spec.execution_id,
    state.deadline_at,
    state.deadline_reason,
    state.deadline_operation_id,
    (
        SELECT operation.name FROM lambdura.operations AS operation
        WHERE
            operation.execution_key = state.execution_key
            AND operation.operation_id = state.deadline_operation_id
    ) AS operation_name
FROM
    lambdura.execution_states AS state
    JOIN lambdura.execution_specs AS spec USING (execution_key)
WHERE
    state.account_id = $1
    AND state.deadline_at IS NOT NULL
    AND state.deadline_reason <> 'RETENTION_ELAPSED'
ORDER BY
    state.deadline_at,
    state.execution_key
LIMIT
    $2
