-- Whether an archive is kept.
SELECT
    1
FROM
    lambdura.code_blobs
WHERE
    account_id = $1
    AND hash = $2
