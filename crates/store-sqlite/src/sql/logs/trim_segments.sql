-- Forgets the oldest tenth of the segments, by number.
DELETE FROM segments
WHERE
    segment_number <= (
        SELECT
            min(segment_number) + (max(segment_number) - min(segment_number)) / 10
        FROM
            segments
    );
