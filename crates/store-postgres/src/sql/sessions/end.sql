-- Ends a session.
DELETE FROM lambdura.sessions
WHERE
    account_id = $1
    AND hash = $2
