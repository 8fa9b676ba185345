-- Dead letters, newest first, before this one: until their events come to more than $4 bytes.
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
FROM (
    SELECT
        *,
        sum(octet_length(payload)) OVER (ORDER BY dead_letter_id DESC) - octet_length(payload) AS bytes_before
    FROM (
        SELECT * FROM lambdura.dead_letters
        WHERE account_id = $1 AND dead_letter_id < $2
        ORDER BY dead_letter_id DESC
        LIMIT $3
    ) AS page
) AS summed
WHERE
    bytes_before <= $4
ORDER BY
    dead_letter_id DESC
