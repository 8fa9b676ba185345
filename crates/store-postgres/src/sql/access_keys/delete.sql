-- Forgets a key.
WITH
    changed AS (
        INSERT INTO
            lambdura.access_key_revisions (account_id, revision)
        VALUES
            ($1, 1)
        ON CONFLICT (account_id) DO UPDATE
        SET
            revision = access_key_revisions.revision + 1
    )
DELETE FROM lambdura.access_keys
WHERE
    account_id = $1
    AND access_key_id = $2
