-- How the newest invocation of each of the executions $1 that failed did.
SELECT
    execution.execution_key,
    event.error_type,
    event.error_message
FROM
    unnest($1::bigint[]) AS execution (execution_key)
    CROSS JOIN LATERAL (
        SELECT one.error_type, one.error_message
        FROM lambdura.events AS one
        WHERE
            one.execution_key = execution.execution_key
            AND one.type = 'InvocationCompleted'
            AND one.has_error
        ORDER BY one.event_id DESC
        LIMIT 1
    ) AS event
