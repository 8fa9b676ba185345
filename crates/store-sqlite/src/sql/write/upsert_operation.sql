-- A new operation, or what can change of a recorded one.
INSERT INTO
    operations (
        execution_key, operation_id, parent_id, name, sub_type, type, status, started_at, ended_at,
        replay_children, attempt, next_attempt_at, wait_seconds, scheduled_end_at, callback_id,
        timeout_seconds, heartbeat_timeout_seconds, last_heartbeat_at, function_name, tenant_id,
        target, target_function, target_version, target_execution_id, has_error, error_type,
        error_message, error_data, error_stack_trace, input, result, trace_header,
        service_change
    )
VALUES
    (
        ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
        ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33
    )
ON CONFLICT (execution_key, operation_id) DO UPDATE
SET
    status = excluded.status,
    ended_at = excluded.ended_at,
    replay_children = excluded.replay_children,
    attempt = excluded.attempt,
    next_attempt_at = excluded.next_attempt_at,
    last_heartbeat_at = excluded.last_heartbeat_at,
    has_error = excluded.has_error,
    error_type = excluded.error_type,
    error_message = excluded.error_message,
    error_data = excluded.error_data,
    error_stack_trace = excluded.error_stack_trace,
    result = excluded.result,
    service_change = excluded.service_change;
