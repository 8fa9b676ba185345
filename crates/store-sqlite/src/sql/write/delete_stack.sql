-- Forgets a stack.
DELETE FROM deployed_stacks
WHERE
    stack_name = ?1;
