-- Records a new key, unless its id or name is taken.
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
INSERT INTO
    lambdura.access_keys (
        account_id, access_key_id, name, sealed_secret, policies, created_at, rotated_at, disabled_at
    )
VALUES
    ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING
RETURNING
    access_key_id
