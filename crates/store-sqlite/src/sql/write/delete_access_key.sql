-- Forgets an access key.
DELETE FROM access_keys
WHERE
    access_key_id = ?1;
