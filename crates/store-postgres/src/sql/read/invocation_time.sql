-- How long the ended invocations of an execution took together, in milliseconds.
SELECT
    coalesce(sum(greatest(invocation_ended_at - invocation_started_at, 0)), 0)::bigint
FROM
    lambdura.events
WHERE
    execution_key = (
        SELECT execution_key FROM lambdura.execution_specs
        WHERE account_id = $1 AND execution_id = $2
    )
    AND type = 'InvocationCompleted'
