-- All keys, by name.
SELECT
    access_key_id,
    name,
    sealed_secret,
    policies,
    created_at,
    rotated_at,
    disabled_at
FROM
    lambdura.access_keys
WHERE
    account_id = $1
ORDER BY
    name
