-- One trace segment.
INSERT INTO
    segments (trace_id, arrived_at, document)
VALUES
    (?1, ?2, ?3);
