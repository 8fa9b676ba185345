-- Removes what belongs to an execution whose state is gone.
DELETE FROM execution_outcomes
WHERE
    execution_key = ?1;
