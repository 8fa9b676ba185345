-- Those in one of the statuses $6, none of which is SUCCEEDED: the newest of each, from the key $11 back. Keys go by the
-- start.
WHERE
    spec.account_id = $1
    AND spec.execution_key IN (
        SELECT found.execution_key
        FROM
            unnest($6) AS wanted (status)
            CROSS JOIN LATERAL (
                SELECT one.execution_key
                FROM lambdura.execution_states AS one
                WHERE
                    one.account_id = $1
                    AND one.status = wanted.status
                    AND one.status <> 'SUCCEEDED'
                    AND one.execution_key < $11
                    AND one.execution_key >= least(greatest(coalesce($7, 0), 0), 4398046511103) * 2097152
                ORDER BY one.execution_key DESC
                LIMIT $12
            ) AS found
    )
    AND (spec.started_at, spec.execution_key) < ($10, $11)
ORDER BY
    spec.started_at DESC,
    spec.execution_key DESC
LIMIT
    $12
