-- Begins a session, and forgets those that are over.
WITH
    over AS (
        DELETE FROM lambdura.sessions
        WHERE account_id = $1 AND until_at <= $5
    )
INSERT INTO
    lambdura.sessions (account_id, hash, who, until_at)
VALUES
    ($1, $2, $3, $4)
