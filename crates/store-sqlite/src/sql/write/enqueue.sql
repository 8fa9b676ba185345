-- Accepts an asynchronous invocation.
INSERT INTO
    async_invocations (
        request_id, function_name, function_version, invoked_arn, client_context, trace_header,
        tenant_id, accepted_at, attempts, not_before_at, payload
    )
VALUES
    (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11);
