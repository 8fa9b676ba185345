-- All operations of an execution, in the order in which they started.
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
    operation.input,
    operation.has_error,
    operation.error_type,
    operation.error_message,
    operation.error_data,
    operation.error_stack_trace,
    operation.result
FROM
    lambdura.operations AS operation
WHERE
    operation.execution_key = (
        SELECT execution_key FROM lambdura.execution_specs
        WHERE account_id = $1 AND execution_id = $2
    )
ORDER BY
    operation.position
