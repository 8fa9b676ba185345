-- Those of an execution that are about the operation ?2, oldest first, after event ?3.
WHERE
    event.execution_key = (SELECT execution_key FROM execution_specs WHERE execution_id = ?1)
    AND event.operation_id = ?2
    AND event.event_id > ?3
ORDER BY
    event.event_id ASC
LIMIT
    ?4;
