-- All executions that are set aside.
SELECT
    execution_id,
    set_aside_at,
    attempted,
    reason
FROM
    lambdura.set_aside
WHERE
    account_id = $1
ORDER BY
    execution_id
