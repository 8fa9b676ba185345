-- Takes those of these shards that nobody owns who lives, if the one that takes them lives.
UPDATE lambdura.shards AS shard
SET
    server_id = $3
WHERE
    shard.account_id = $1
    AND shard.shard = ANY ($2)
    AND NOT EXISTS (
        SELECT FROM lambdura.servers AS owner
        WHERE
            owner.account_id = shard.account_id
            AND owner.server_id = shard.server_id
            AND owner.expires_at > clock_timestamp()
    )
    AND EXISTS (
        SELECT FROM lambdura.servers AS taker
        WHERE
            taker.account_id = shard.account_id
            AND taker.server_id = $3
            AND taker.expires_at > clock_timestamp()
    )
RETURNING
    shard.shard::bigint
