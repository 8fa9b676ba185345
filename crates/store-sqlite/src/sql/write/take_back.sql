-- Takes an execution back that was set aside.
DELETE FROM set_aside
WHERE
    execution_id = ?1;
