-- What lists and checks need of executions. Followed by which.
SELECT
    spec.partition,
    spec.region,
    spec.arn_account_id,
    spec.function_name,
    spec.function_version,
    spec.execution_name,
    spec.execution_id,
    spec.started_at,
    state.status,
    state.ended_at,
    state.event_id_last
FROM
    lambdura.execution_specs AS spec
    JOIN lambdura.execution_states AS state USING (execution_key)
