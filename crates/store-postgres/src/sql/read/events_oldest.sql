    AND event.event_id > $3
ORDER BY
    event.event_id
LIMIT
    $4
