-- One after the other, in the same order for all.
SELECT
    shard
FROM
    lambdura.shards
WHERE
    account_id = $1
    AND shard = ANY ($2)
ORDER BY
    shard
FOR UPDATE
