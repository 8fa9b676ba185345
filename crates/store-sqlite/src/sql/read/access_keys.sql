-- All access keys.
SELECT
    access_key_id,
    name,
    sealed_secret,
    policies,
    created_at,
    rotated_at,
    disabled_at
FROM
    access_keys
ORDER BY
    name;
