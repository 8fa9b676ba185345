-- The soonest deadlines of executions that have not ended and are not set aside.
SELECT
    state.deadline_at,
    spec.execution_id
FROM
    execution_states AS state INDEXED BY execution_states_waking
    CROSS JOIN execution_specs AS spec USING (execution_key)
WHERE
    state.deadline_at IS NOT NULL
    AND state.deadline_reason <> 'RETENTION_ELAPSED'
    AND NOT EXISTS (SELECT 1 FROM set_aside WHERE execution_id = spec.execution_id)
ORDER BY
    state.deadline_at,
    spec.execution_id
LIMIT
    ?1;
