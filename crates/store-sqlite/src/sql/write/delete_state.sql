-- Removes an execution's state, where it is at this version; the rest follows.
DELETE FROM execution_states
WHERE
    execution_key = ?1
    AND version = ?2;
