-- A server says that it lives, and what it is like.
INSERT INTO
    lambdura.servers (
        account_id, server_id, address, secret, version, started_at, is_leaving, expires_at
    )
VALUES
    ($1, $2, $3, $4, $5, $6, $7, clock_timestamp() + make_interval(secs => $8))
ON CONFLICT (account_id, server_id) DO UPDATE
SET
    address = excluded.address,
    secret = excluded.secret,
    version = excluded.version,
    started_at = excluded.started_at,
    is_leaving = excluded.is_leaving,
    expires_at = excluded.expires_at
