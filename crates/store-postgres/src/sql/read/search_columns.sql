-- A search: executions on the way, whether each matches, and how much text that took to tell. Followed by where the way
-- begins and in what order it goes.
SELECT
    spec.execution_key,
    spec.started_at,
    ($2::text IS NULL OR spec.function_name = $2)
    AND ($3::text IS NULL OR spec.function_version = $3)
    AND ($4::text IS NULL OR spec.execution_name = $4)
    AND ($5::text IS NULL OR strpos(lower(spec.execution_name), lower($5 COLLATE "C")) > 0)
    AND ($6::text[] IS NULL OR state.status = ANY ($6))
    AND ($7::bigint IS NULL OR spec.started_at > $7)
    AND ($8::bigint IS NULL OR spec.started_at < $8)
    AND (
        $9::text IS NULL
        OR coalesce(strpos(lower(spec.input), lower($9 COLLATE "C")) > 0, false)
        OR coalesce(strpos(lower(state.result), lower($9 COLLATE "C")) > 0, false)
        OR coalesce(strpos(lower(state.error_type), lower($9 COLLATE "C")) > 0, false)
        OR coalesce(strpos(lower(state.error_message), lower($9 COLLATE "C")) > 0, false)
    ) AS matches,
    CASE
        WHEN $9 IS NULL THEN 0
        ELSE coalesce(spec.input_bytes, 0)
        + coalesce(state.result_bytes, 0)
        + coalesce(octet_length(state.error_type), 0)
        + coalesce(octet_length(state.error_message), 0)
    END::bigint AS searched_bytes
FROM
    lambdura.execution_specs AS spec
    JOIN lambdura.execution_states AS state USING (execution_key)
