-- How the newest invocation that failed did.
SELECT
    error_type,
    error_message
FROM
    events
WHERE
    execution_key = ?1
    AND type = 'InvocationCompleted'
    AND has_error
ORDER BY
    event_id DESC
LIMIT
    1;
