-- The newest segments of one trace; the caller turns them round.
SELECT
    trace_id,
    arrived_at,
    document
FROM
    segments
WHERE
    trace_id = ?1
ORDER BY
    segment_number DESC
LIMIT
    ?2;
