-- One more event of the history.
INSERT INTO
    events (
        execution_key, event_id, happened_at, type, operation_id, operation_name, parent_id,
        sub_type, attempt, next_attempt_delay_seconds, seconds, scheduled_end_at, callback_id,
        timeout_seconds, heartbeat_timeout_seconds, function_name, tenant_id, executed_version,
        started_execution_arn, request_id, invocation_started_at, invocation_ended_at, has_error,
        error_type, error_message, error_data, error_stack_trace, payload, payload_source,
        requested_at, execution_timeout_paused
    )
VALUES
    (
        ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
        ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31
    );
