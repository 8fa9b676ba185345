-- The revision of the keys.
SELECT
    revision
FROM
    lambdura.access_key_revisions
WHERE
    account_id = $1
