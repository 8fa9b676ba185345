-- The newest open operations, $2 at the most, of each of the executions $1: those that do something. Without payloads.
-- What is around them lends its name to callbacks that have none.
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
    NULL::text AS error_data,
    NULL::text AS error_stack_trace,
    NULL::text AS result,
    (
        SELECT around.name FROM lambdura.operations AS around
        WHERE around.execution_key = operation.execution_key AND around.operation_id = operation.parent_id
    ) AS name_around,
    operation.execution_key
FROM
    unnest($1::bigint[]) AS execution (execution_key)
    CROSS JOIN LATERAL (
        SELECT * FROM lambdura.operations AS one
        WHERE
            one.execution_key = execution.execution_key
            AND one.ended_at IS NULL
            AND one.type IN ('STEP', 'WAIT', 'CALLBACK', 'CHAINED_INVOKE')
        ORDER BY one.position DESC
        LIMIT $2
    ) AS operation
ORDER BY
    operation.execution_key,
    operation.position DESC
