-- Records an access key anew; its name stays.
UPDATE access_keys
SET
    sealed_secret = ?2,
    policies = ?3,
    rotated_at = ?4,
    disabled_at = ?5
WHERE
    access_key_id = ?1;
