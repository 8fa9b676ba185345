-- Events, with their payloads: one that is stored elsewhere is fetched from there. Followed by which ones, and in what
-- order.
SELECT
    event.event_id,
    event.happened_at,
    event.type,
    event.operation_id,
    event.operation_name,
    event.parent_id,
    event.sub_type,
    event.attempt,
    event.next_attempt_delay_seconds,
    event.seconds,
    event.scheduled_end_at,
    event.callback_id,
    event.timeout_seconds,
    event.heartbeat_timeout_seconds,
    event.function_name,
    event.tenant_id,
    event.executed_version,
    event.started_execution_arn,
    event.request_id,
    event.invocation_started_at,
    event.invocation_ended_at,
    event.requested_at,
    event.execution_timeout_paused,
    event.has_error,
    event.error_type,
    event.error_message,
    event.error_data,
    event.error_stack_trace,
    CASE
        WHEN event.payload_source IS NULL THEN event.payload
        WHEN event.payload_source = 'EXECUTION_INPUT' THEN (
            SELECT input FROM execution_specs WHERE execution_key = event.execution_key
        )
        WHEN event.payload_source = 'EXECUTION_RESULT' THEN (
            SELECT result FROM execution_outcomes WHERE execution_key = event.execution_key
        )
        WHEN event.payload_source = 'OPERATION_INPUT' THEN (
            SELECT input FROM operations
            WHERE execution_key = event.execution_key AND operation_id = event.operation_id
        )
        WHEN event.payload_source = 'OPERATION_RESULT' THEN (
            SELECT result FROM operations
            WHERE execution_key = event.execution_key AND operation_id = event.operation_id
        )
    END AS payload
FROM
    events AS event
