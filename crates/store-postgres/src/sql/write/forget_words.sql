-- Word that was left for servers that are gone.
DELETE FROM lambdura.words AS word
WHERE
    NOT EXISTS (
        SELECT FROM lambdura.servers AS server
        WHERE server.account_id = word.account_id AND server.server_id = word.server_id
    )
