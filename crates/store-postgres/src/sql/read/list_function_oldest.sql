-- A page of executions of a function, oldest first. The row where the page before ended comes as $8 and $9; the
-- condition on $8 alone lets the index find the place.
WHERE
    spec.account_id = $1
    AND spec.function_name = $2
    AND ($3::text IS NULL OR spec.function_version = $3)
    AND ($4::text IS NULL OR spec.execution_name = $4)
    AND ($5::text[] IS NULL OR state.status = ANY ($5))
    AND ($6::bigint IS NULL OR spec.started_at > $6)
    AND ($7::bigint IS NULL OR spec.started_at < $7)
    AND spec.started_at >= $8
    AND (spec.started_at, spec.execution_id) > ($8, $9)
ORDER BY
    spec.started_at ASC,
    spec.execution_id ASC
LIMIT
    $10
