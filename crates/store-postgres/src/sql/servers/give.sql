-- Passes those of these shards on that the server $3 owns: to the server $4, or to nobody.
UPDATE lambdura.shards
SET
    server_id = $4
WHERE
    account_id = $1
    AND shard = ANY ($2)
    AND server_id = $3
