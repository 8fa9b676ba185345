-- Records a key anew: all but its name and when it was created.
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
UPDATE lambdura.access_keys
SET
    sealed_secret = $3,
    policies = $4,
    rotated_at = $5,
    disabled_at = $6
WHERE
    account_id = $1
    AND access_key_id = $2
RETURNING
    access_key_id
