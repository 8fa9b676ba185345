-- An accepted invocation, whole.
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
    lambdura.async_invocations
WHERE
    account_id = $1
    AND async_invocation_id = $2
