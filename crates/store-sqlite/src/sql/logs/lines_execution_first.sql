-- The first lines that match, found by execution. Without an index the order is that of the table.
SELECT
    line_number,
    recorded_at,
    function_name,
    function_version,
    request_id,
    execution_id,
    stream,
    text
FROM
    log_lines INDEXED BY log_lines_by_execution
WHERE
    (?1 IS NULL OR function_name = ?1)
    AND execution_id = ?2
    AND (?3 IS NULL OR request_id = ?3)
    AND line_number > ?4
    AND line_number < ?5
ORDER BY
    line_number ASC
LIMIT
    ?6;
