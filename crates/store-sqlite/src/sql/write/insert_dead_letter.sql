-- An asynchronous invocation that was given up.
INSERT INTO
    dead_letters (
        request_id, function_name, function_version, invoked_arn, client_context, trace_header,
        tenant_id, accepted_at, attempts, not_before_at, payload, buried_at, condition, has_error,
        error_type, error_message, error_data, error_stack_trace
    )
VALUES
    (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18);
