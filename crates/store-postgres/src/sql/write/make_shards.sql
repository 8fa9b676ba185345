-- The shards of an account, which nobody owns yet.
INSERT INTO
    lambdura.shards (account_id, shard)
SELECT
    $1,
    number
FROM
    generate_series(0, 255) AS number
ON CONFLICT DO NOTHING
