-- Executions that a server takes up when it starts as ?1, oldest record first. The index holds only those with an
-- active invocation or open chained invokes, which are few beside all that is kept.
SELECT
    spec.execution_id
FROM
    execution_states AS state INDEXED BY execution_states_owing
    CROSS JOIN execution_specs AS spec USING (execution_key)
WHERE
    state.owes_work = 1
    AND (
        (state.invocation = 'ACTIVE' AND state.invocation_owner IS NOT ?1)
        OR (state.ended_at IS NULL AND state.open_chained_invokes > 0)
    )
    AND NOT EXISTS (SELECT 1 FROM set_aside WHERE execution_id = spec.execution_id)
ORDER BY
    state.execution_key;
