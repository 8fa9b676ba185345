-- A page of executions of one function, oldest first. The row where the page before ended comes as
-- ?7 and ?8; the condition on ?7 alone lets the index find the place.
SELECT
    partition,
    region,
    account_id,
    function_name,
    function_version,
    execution_name,
    execution_id,
    started_at,
    status,
    ended_at,
    event_id_last
FROM
    execution_records
WHERE
    function_name = ?1
    AND (?2 IS NULL OR function_version = ?2)
    AND (?3 IS NULL OR execution_name = ?3)
    -- A list of statuses, each between commas.
    AND (?4 IS NULL OR instr(?4, ',' || status || ',') > 0)
    AND (?5 IS NULL OR started_at > ?5)
    AND (?6 IS NULL OR started_at < ?6)
    AND started_at >= ?7
    AND (started_at, execution_id) > (?7, ?8)
ORDER BY
    started_at ASC,
    execution_id ASC
LIMIT
    ?9;
