-- Sets an execution aside, or gives one that is a new reason.
INSERT INTO
    lambdura.set_aside (account_id, execution_id, set_aside_at, attempted, reason)
VALUES
    ($1, $2, $3, $4, $5)
ON CONFLICT (account_id, execution_id) DO UPDATE
SET
    set_aside_at = excluded.set_aside_at,
    attempted = excluded.attempted,
    reason = excluded.reason
