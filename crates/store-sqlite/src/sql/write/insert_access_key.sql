-- Records a new access key. Recording the same once more counts as done: it is told by the sealed secret, which no two
-- keys share. One whose id or name is taken changes nothing.
INSERT INTO
    access_keys (access_key_id, name, sealed_secret, policies, created_at, rotated_at, disabled_at)
VALUES
    (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (access_key_id) DO UPDATE
SET
    policies = excluded.policies
WHERE
    name = excluded.name
    AND sealed_secret = excluded.sealed_secret
ON CONFLICT (name) DO NOTHING;
