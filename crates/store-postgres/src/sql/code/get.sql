-- An archive.
SELECT
    archive
FROM
    lambdura.code_blobs
WHERE
    account_id = $1
    AND hash = $2
