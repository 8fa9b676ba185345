-- Accepted asynchronous invocations, in order of acceptance, without what they carry.
SELECT
    async_invocation_id,
    function_name,
    function_version,
    not_before_at,
    request_id
FROM
    async_invocations
WHERE
    async_invocation_id > ?1
ORDER BY
    async_invocation_id
LIMIT
    ?2;
