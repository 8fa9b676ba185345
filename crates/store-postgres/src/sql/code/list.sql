-- The names of all archives.
SELECT
    hash
FROM
    lambdura.code_blobs
WHERE
    account_id = $1
ORDER BY
    hash
