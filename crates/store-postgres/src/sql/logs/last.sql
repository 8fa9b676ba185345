ORDER BY
    number DESC
LIMIT
    $7
