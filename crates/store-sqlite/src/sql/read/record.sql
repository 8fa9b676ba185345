-- One execution by its id, without its operations.
SELECT
    *
FROM
    execution_records
WHERE
    execution_id = ?1;
