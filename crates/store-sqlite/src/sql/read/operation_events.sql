-- Those of an execution that are about the operation ?2, oldest first.
WHERE
    event.execution_key = (SELECT execution_key FROM execution_specs WHERE execution_id = ?1)
    AND event.operation_id = ?2
ORDER BY
    event.event_id ASC
LIMIT
    ?3;
