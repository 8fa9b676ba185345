ORDER BY
    number
LIMIT
    $7
