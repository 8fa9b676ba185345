-- The session of a hash.
SELECT
    hash,
    who,
    until_at
FROM
    lambdura.sessions
WHERE
    account_id = $1
    AND hash = $2
