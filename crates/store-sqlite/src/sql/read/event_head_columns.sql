-- Events without payloads and without the data and stacks of errors, whose messages the program cuts. The reason
-- of a pause stays. Followed by which ones, and in what order.
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
    NULL AS error_data,
    NULL AS error_stack_trace,
    CASE
        WHEN event.type IN ('ExecutionPaused', 'ExecutionResumed') THEN event.payload
    END AS payload
FROM
    events AS event
