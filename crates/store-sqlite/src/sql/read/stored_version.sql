-- The version that an execution is at.
SELECT
    state.version
FROM
    execution_specs AS spec
    JOIN execution_states AS state USING (execution_key)
WHERE
    spec.execution_id = ?1;
