-- An accepted asynchronous invocation.
SELECT
    request_id,
    function_name,
    function_version,
    invoked_arn,
    client_context,
    trace_header,
    tenant_id,
    accepted_at,
    attempts,
    not_before_at,
    payload
FROM
    async_invocations
WHERE
    async_invocation_id = ?1;
