-- All operations of an execution, in the order in which they started.
FROM
    operations
WHERE
    execution_key = ?1
ORDER BY
    operation_key;
