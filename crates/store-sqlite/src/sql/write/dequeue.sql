-- An asynchronous invocation that is done.
DELETE FROM async_invocations
WHERE
    async_invocation_id = ?1;
