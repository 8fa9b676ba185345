-- An attempt at an asynchronous invocation has failed; the next one waits.
UPDATE lambdura.async_invocations
SET
    attempts = $3,
    not_before_at = $4
WHERE
    account_id = $1
    AND async_invocation_id = $2
