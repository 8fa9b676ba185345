-- Open callbacks of executions that have not ended, older executions first, after the execution ?2 and the
-- operation ?3, of the function ?1 or of all.
SELECT
    operation_id,
    parent_id,
    name,
    sub_type,
    type,
    operation.status,
    operation.started_at,
    operation.ended_at,
    operation.service_change,
    replay_children,
    attempt,
    next_attempt_at,
    wait_seconds,
    scheduled_end_at,
    callback_id,
    timeout_seconds,
    heartbeat_timeout_seconds,
    last_heartbeat_at,
    operation.function_name,
    operation.tenant_id,
    operation.trace_header,
    target,
    target_function,
    target_version,
    target_execution_id,
    NULL AS input,
    has_error,
    error_type,
    error_message,
    error_data,
    error_stack_trace,
    operation.result,
    operation.execution_key,
    operation.operation_key
FROM
    operations AS operation INDEXED BY operations_open
    CROSS JOIN execution_specs AS spec USING (execution_key)
    CROSS JOIN execution_states AS state USING (execution_key)
WHERE
    operation.type = 'CALLBACK'
    AND operation.ended_at IS NULL
    AND operation.type NOT IN ('EXECUTION', 'CONTEXT')
    AND operation.execution_key >= ?2
    AND (operation.execution_key, operation.operation_key) > (?2, ?3)
    AND state.ended_at IS NULL
    AND (?1 IS NULL OR spec.function_name = ?1)
ORDER BY
    operation.execution_key,
    operation.operation_key
LIMIT
    ?4;
