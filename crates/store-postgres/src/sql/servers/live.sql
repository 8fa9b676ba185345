-- The servers that live.
SELECT
    server_id,
    address,
    secret,
    version,
    started_at,
    is_leaving
FROM
    lambdura.servers
WHERE
    account_id = $1
    AND expires_at > now()
