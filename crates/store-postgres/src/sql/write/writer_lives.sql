-- Says that a writer is still there.
UPDATE lambdura.writers
SET
    seen_at = now()
WHERE
    account_id = $1
    AND writer_id = $2
