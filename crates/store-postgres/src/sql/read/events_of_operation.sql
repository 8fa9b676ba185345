    AND event.event_id > $3
    AND event.operation_id = $5
ORDER BY
    event.event_id
LIMIT
    $4
