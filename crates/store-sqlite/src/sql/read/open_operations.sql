-- The newest open operations of an execution that do something. Results are those of steps that poll.
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
    operations INDEXED BY operations_open
WHERE
    type IN ('STEP', 'WAIT', 'CALLBACK', 'CHAINED_INVOKE')
    AND execution_key = ?1
    AND ended_at IS NULL
    AND type NOT IN ('EXECUTION', 'CONTEXT')
ORDER BY
    operation_key DESC
LIMIT
    ?2;
