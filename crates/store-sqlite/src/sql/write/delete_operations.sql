-- Removes what belongs to an execution whose state is gone.
DELETE FROM operations
WHERE
    execution_key = ?1;
