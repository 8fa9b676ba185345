-- The version of an execution, and who made it.
SELECT
    state.version,
    state.writer_id,
    state.batch
FROM
    lambdura.execution_specs AS spec
    JOIN lambdura.execution_states AS state USING (execution_key)
WHERE
    spec.account_id = $1
    AND spec.execution_id = $2
