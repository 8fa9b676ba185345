-- All stacks.
SELECT
    stack_name,
    document,
    deployed_at
FROM
    lambdura.stacks
WHERE
    account_id = $1
ORDER BY
    stack_name
