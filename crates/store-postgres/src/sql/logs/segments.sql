-- The newest segments, of the trace $2 or of all: until their documents come to more than $4 bytes.
SELECT
    number,
    trace_id,
    arrived_at,
    document
FROM (
    SELECT
        *,
        (sum(document_bytes) OVER (ORDER BY number DESC))::bigint - document_bytes AS bytes_before
    FROM (
        SELECT * FROM lambdura.trace_segments
        WHERE account_id = $1 AND ($2::text IS NULL OR trace_id = $2)
        ORDER BY number DESC
        LIMIT $3
    ) AS page
) AS summed
WHERE
    bytes_before <= $4
ORDER BY
    number DESC
