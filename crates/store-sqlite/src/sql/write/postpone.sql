-- A failed attempt: due again later.
UPDATE async_invocations
SET
    attempts = ?2,
    not_before_at = ?3
WHERE
    async_invocation_id = ?1;
