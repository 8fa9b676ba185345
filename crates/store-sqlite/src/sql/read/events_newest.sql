-- A page of an execution's history, newest first, before event ?2.
WHERE
    event.execution_key = (SELECT execution_key FROM execution_specs WHERE execution_id = ?1)
    AND event.event_id < ?2
ORDER BY
    event.event_id DESC
LIMIT
    ?3;
