-- The key of an execution, and the version that it is at.
SELECT
    spec.execution_key,
    state.version
FROM
    execution_specs AS spec
    JOIN execution_states AS state USING (execution_key)
WHERE
    spec.execution_id = ?1;
