-- Dead letters, newest first.
SELECT
    dead_letter_id,
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
    payload,
    buried_at,
    condition,
    has_error,
    error_type,
    error_message,
    error_data,
    error_stack_trace
FROM
    dead_letters
WHERE
    dead_letter_id < ?1
ORDER BY
    dead_letter_id DESC
LIMIT
    ?2;
