-- Open callbacks with the name $2, of executions that have not ended, older executions first, after the execution $3 and
-- the operation $4. Which names are indexed has to be said in the words of the index.
SELECT
    operation.operation_id,
    operation.parent_id,
    operation.name,
    operation.sub_type,
    operation.type,
    operation.status,
    operation.started_at,
    operation.ended_at,
    operation.service_change,
    operation.replay_children,
    operation.attempt,
    operation.next_attempt_at,
    operation.wait_seconds,
    operation.scheduled_end_at,
    operation.callback_id,
    operation.timeout_seconds,
    operation.heartbeat_timeout_seconds,
    operation.last_heartbeat_at,
    operation.function_name,
    operation.tenant_id,
    operation.trace_header,
    operation.target,
    operation.target_function,
    operation.target_version,
    operation.target_execution_id,
    NULL::text AS input,
    operation.has_error,
    operation.error_type,
    operation.error_message,
    operation.error_data,
    operation.error_stack_trace,
    operation.result,
    (
        SELECT around.name FROM lambdura.operations AS around
        WHERE around.execution_key = operation.execution_key AND around.operation_id = operation.parent_id
    ) AS name_around,
    operation.execution_key,
    operation.position,
    spec.partition,
    spec.region,
    spec.arn_account_id,
    spec.function_name AS spec_function_name,
    spec.function_version,
    spec.execution_name,
    spec.execution_id,
    state.status AS execution_status
FROM
    lambdura.operations AS operation
    JOIN lambdura.execution_specs AS spec USING (execution_key)
    JOIN lambdura.execution_states AS state USING (execution_key)
WHERE
    operation.type = 'CALLBACK'
    AND operation.ended_at IS NULL
    AND operation.name >= 'activity:'
    AND operation.name < 'activity;'
    AND operation.name = $2
    AND operation.execution_key >= $3
    AND (operation.execution_key, operation.position) > ($3, $4)
    AND spec.account_id = $1
    AND state.ended_at IS NULL
ORDER BY
    operation.execution_key,
    operation.position
LIMIT
    $5
