-- The soonest deadlines, in the shards $2 or in all. Those of executions that are kept have an index of their own.
SELECT deadline_at, execution_id
FROM (
(    SELECT
        state.deadline_at,
        state.execution_id
    FROM
        lambdura.execution_states AS state
    WHERE
        state.account_id = $1
        AND state.deadline_at IS NOT NULL
        AND state.deadline_reason <> 'RETENTION_ELAPSED'
        AND ($2::smallint[] IS NULL OR state.shard = ANY ($2))
        AND NOT EXISTS (
            SELECT FROM lambdura.set_aside AS aside
            WHERE aside.account_id = state.account_id AND aside.execution_id = state.execution_id
        )
    ORDER BY
        state.deadline_at,
        state.execution_id
    LIMIT
        $3
)
UNION ALL
(    SELECT
        state.deadline_at,
        state.execution_id
    FROM
        lambdura.execution_states AS state
    WHERE
        state.account_id = $1
        AND state.deadline_reason = 'RETENTION_ELAPSED'
        AND ($2::smallint[] IS NULL OR state.shard = ANY ($2))
        AND NOT EXISTS (
            SELECT FROM lambdura.set_aside AS aside
            WHERE aside.account_id = state.account_id AND aside.execution_id = state.execution_id
        )
    ORDER BY
        state.deadline_at,
        state.execution_id
    LIMIT
        $3
)
) AS deadlines
ORDER BY
    deadline_at,
    execution_id
LIMIT
    $3
