-- Takes the word that was left for a server, oldest first.
WITH
    taken AS (
        DELETE FROM lambdura.words
        WHERE account_id = $1 AND server_id = $2
        RETURNING word_id, execution_id
    )
SELECT
    execution_id
FROM
    taken
ORDER BY
    word_id
