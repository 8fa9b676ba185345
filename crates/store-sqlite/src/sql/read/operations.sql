-- All operations of an execution, in the order in which they started.
SELECT
    operation_id,
    parent_id,
    name,
    sub_type,
    type,
    status,
    started_at,
    ended_at,
    replay_children,
    attempt,
    next_attempt_at,
    wait_seconds,
    scheduled_end_at,
    callback_id,
    timeout_seconds,
    heartbeat_timeout_seconds,
    last_heartbeat_at,
    function_name,
    tenant_id,
    target,
    target_function,
    target_version,
    target_execution_id,
    has_error,
    error_type,
    error_message,
    error_data,
    error_stack_trace,
    input,
    result
FROM
    operations
WHERE
    execution_key = ?1
ORDER BY
    operation_key;
