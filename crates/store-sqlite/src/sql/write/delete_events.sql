-- Removes what belongs to an execution whose state is gone.
DELETE FROM events
WHERE
    execution_key = ?1;
