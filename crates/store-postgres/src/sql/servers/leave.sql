-- Forgets a server. Its shards are nobody's, and its word is no one's.
WITH
    words AS (
        DELETE FROM lambdura.words
        WHERE account_id = $1 AND server_id = $2
    ),
    shards AS (
        UPDATE lambdura.shards
        SET server_id = NULL
        WHERE account_id = $1 AND server_id = $2
    )
DELETE FROM lambdura.servers
WHERE
    account_id = $1
    AND server_id = $2
