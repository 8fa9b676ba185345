-- All stacks.
SELECT
    stack_name,
    document,
    deployed_at
FROM
    deployed_stacks
ORDER BY
    stack_name;
