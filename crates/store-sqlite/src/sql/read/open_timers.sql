-- What comes due next in executions that have not ended, soonest first.
SELECT
    state.execution_key,
    (
        SELECT name FROM operations
        WHERE execution_key = state.execution_key AND operation_id = state.deadline_operation_id
    ) AS operation_name
FROM
    execution_states AS state INDEXED BY execution_states_waking
WHERE
    state.deadline_at IS NOT NULL
    AND state.deadline_reason <> 'RETENTION_ELAPSED'
ORDER BY
    state.deadline_at
LIMIT
    ?1;
