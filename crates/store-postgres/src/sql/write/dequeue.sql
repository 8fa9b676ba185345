-- Forgets asynchronous invocations that are done.
DELETE FROM lambdura.async_invocations
WHERE
    account_id = $1
    AND async_invocation_id = ANY ($2)
