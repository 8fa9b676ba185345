-- The shards that a server owns which lives.
SELECT
    shard.shard::bigint,
    shard.server_id
FROM
    lambdura.shards AS shard
    JOIN lambdura.servers AS server USING (account_id, server_id)
WHERE
    shard.account_id = $1
    AND server.expires_at > now()
