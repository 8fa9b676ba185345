-- What the operation ?2 of the execution ?1 is called.
SELECT
    name
FROM
    operations
WHERE
    execution_key = ?1
    AND operation_id = ?2;
