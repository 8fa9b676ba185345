-- Executions that a server takes up when it begins to drive the shards $2 (or all) as $3, oldest record first. The index
-- holds only those with an active invocation or open chained invokes, which are few beside all that is kept.
SELECT
    state.execution_id
FROM
    lambdura.execution_states AS state
WHERE
    state.account_id = $1
    AND state.owes_work
    AND ($2::smallint[] IS NULL OR state.shard = ANY ($2))
    AND (
        (state.invocation = 'ACTIVE' AND state.invocation_owner IS DISTINCT FROM $3)
        OR (state.ended_at IS NULL AND state.open_chained_invokes > 0)
    )
    AND NOT EXISTS (
        SELECT FROM lambdura.set_aside AS aside
        WHERE aside.account_id = state.account_id AND aside.execution_id = state.execution_id
    )
ORDER BY
    state.execution_key
