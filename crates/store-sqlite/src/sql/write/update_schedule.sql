-- The indexed part of a state, written only when it changes.
UPDATE execution_states
SET
    deadline_at = ?1,
    deadline_reason = ?2,
    deadline_operation_id = ?3,
    owes_work = ?4,
    status = ?5
WHERE
    execution_key = ?6;
