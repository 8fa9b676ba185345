-- The revision of the stacks.
SELECT
    revision
FROM
    lambdura.stack_revisions
WHERE
    account_id = $1
