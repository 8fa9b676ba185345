-- Those of the function $2, from the instant $10 and the key $11 back.
WHERE
    spec.account_id = $1
    AND spec.function_name = $2
    AND spec.started_at <= $10
    AND (spec.started_at, spec.execution_key) < ($10, $11)
    -- Nothing older can match; the condition lets the index end there.
    AND spec.started_at > coalesce($7, -9223372036854775808)
ORDER BY
    spec.started_at DESC,
    spec.execution_key DESC
LIMIT
    $12
