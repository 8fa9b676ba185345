-- Those in the status ?11, in the order of recording, from the key ?10 back. (?9 is for the other ways.)
FROM
    execution_states AS state INDEXED BY execution_states_by_status
    CROSS JOIN execution_specs AS spec USING (execution_key)
    LEFT JOIN execution_outcomes AS outcome USING (execution_key)
WHERE
    state.status = ?11
    AND state.execution_key < ?10
    AND ?9 IS NOT NULL
ORDER BY
    state.execution_key DESC;
