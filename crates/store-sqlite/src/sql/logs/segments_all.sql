-- The newest segments of all traces; the caller turns them round.
SELECT
    trace_id,
    arrived_at,
    document
FROM
    segments
WHERE
    ?1 IS NULL
ORDER BY
    segment_number DESC
LIMIT
    ?2;
