-- Removes what belongs to an execution whose state is gone.
DELETE FROM execution_specs
WHERE
    execution_key = ?1;
