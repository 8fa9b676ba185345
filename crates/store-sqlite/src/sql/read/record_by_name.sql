-- One execution by its name within its function, without its operations.
SELECT
    *
FROM
    execution_records
WHERE
    function_name = ?1
    AND execution_name = ?2;
