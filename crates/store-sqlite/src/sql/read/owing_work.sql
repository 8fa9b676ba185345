-- Executions that a restarted server takes up again. The index holds only these, which are few
-- beside all that is kept; each page sorts them anew.
SELECT
    spec.execution_id
FROM
    execution_states AS state INDEXED BY execution_states_owing
    CROSS JOIN execution_specs AS spec USING (execution_key)
WHERE
    state.owes_work = 1
    AND spec.execution_id > ?1
ORDER BY
    spec.execution_id
LIMIT
    ?2;
