-- How long the ended invocations of an execution took together, in milliseconds.
SELECT
    ifnull(sum(max(invocation_ended_at - invocation_started_at, 0)), 0)
FROM
    events
WHERE
    execution_key = (SELECT execution_key FROM execution_specs WHERE execution_id = ?1)
    AND type = 'InvocationCompleted';
