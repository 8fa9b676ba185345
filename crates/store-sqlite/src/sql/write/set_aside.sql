-- Sets an execution aside, or says anew why.
INSERT INTO
    set_aside (execution_id, set_aside_at, attempted, reason)
VALUES
    (?1, ?2, ?3, ?4)
ON CONFLICT DO UPDATE
SET
    set_aside_at = excluded.set_aside_at,
    attempted = excluded.attempted,
    reason = excluded.reason;
