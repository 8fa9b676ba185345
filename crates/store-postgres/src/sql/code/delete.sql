-- Forgets an archive.
DELETE FROM lambdura.code_blobs
WHERE
    account_id = $1
    AND hash = $2
