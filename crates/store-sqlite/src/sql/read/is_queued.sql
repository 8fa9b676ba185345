-- Whether this asynchronous invocation has this number.
SELECT
    1
FROM
    async_invocations
WHERE
    async_invocation_id = ?1
    AND request_id = ?2;
