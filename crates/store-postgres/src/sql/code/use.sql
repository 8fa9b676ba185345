-- Notes that an archive is about to be used, if it is kept.
UPDATE lambdura.code_blobs
SET
    stored_at = now()
WHERE
    account_id = $1
    AND hash = $2
RETURNING
    1
