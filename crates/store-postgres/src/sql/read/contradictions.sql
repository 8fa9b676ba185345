-- What no listing of executions shows: rows without their counterpart, executions that no server would find because they are
-- in another shard than their id says, and those that a server would not take up when another one dies. Operations and
-- events without an execution are none: they go with their partitions.
SELECT
    state.execution_id,
    'its state has no record of its start'
FROM
    lambdura.execution_states AS state
WHERE
    state.account_id = $1
    AND NOT EXISTS (
        SELECT FROM lambdura.execution_specs AS spec WHERE spec.execution_key = state.execution_key
    )
UNION ALL
SELECT
    spec.execution_id,
    'the record of its start has no state'
FROM
    lambdura.execution_specs AS spec
WHERE
    spec.account_id = $1
    AND NOT EXISTS (
        SELECT FROM lambdura.execution_states AS state WHERE state.execution_key = spec.execution_key
    )
UNION ALL
SELECT
    state.execution_id,
    'it is in shard ' || state.shard || ', and its id says another one'
FROM
    lambdura.execution_states AS state
WHERE
    state.account_id = $1
    AND CASE
        WHEN state.execution_id ~ '[0-9a-f]{2}$'
            THEN state.shard <> get_byte(decode(right(state.execution_id, 2), 'hex'), 0)
        ELSE state.shard NOT BETWEEN 0 AND 255
    END
UNION ALL
SELECT
    state.execution_id,
    'it says wrongly whether a server that starts has something to do for it'
FROM
    lambdura.execution_states AS state
WHERE
    state.account_id = $1
    AND state.owes_work <> (
        state.invocation = 'ACTIVE'
        OR (state.status IN ('RUNNING', 'PAUSING', 'PAUSED') AND state.open_chained_invokes > 0)
    )
ORDER BY
    1,
    2
LIMIT
    10000
