-- Forgets a stack.
DELETE FROM lambdura.stacks
WHERE
    account_id = $1
    AND stack_name = $2
