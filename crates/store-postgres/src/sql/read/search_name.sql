-- Those with the name $4, of the function $2 or of all: names are unique within a function, so that there are as many as
-- functions at the most.
WHERE
    spec.account_id = $1
    AND spec.function_name IN (
        SELECT function_name FROM lambdura.execution_counts
        WHERE account_id = $1 AND ($2::text IS NULL OR function_name = $2)
    )
    AND spec.execution_name = $4
    AND spec.started_at <= $10
    AND (spec.started_at, spec.execution_key) < ($10, $11)
    -- Nothing older can match; the condition lets the index end there.
    AND spec.started_at > coalesce($7, -9223372036854775808)
ORDER BY
    spec.started_at DESC,
    spec.execution_key DESC
LIMIT
    $12
