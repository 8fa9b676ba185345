-- Accepted invocations that are not done, in the shards $2 or in all, after this one, without what they carry.
SELECT
    async_invocation_id,
    function_name,
    function_version,
    not_before_at
FROM
    lambdura.async_invocations
WHERE
    account_id = $1
    AND ($2::smallint[] IS NULL OR shard = ANY ($2))
    AND async_invocation_id > $3
ORDER BY
    async_invocation_id
LIMIT
    $4
