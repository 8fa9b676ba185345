-- What a check needs of one execution, by its name within its function: nothing that may be large.
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
    AND execution_name = ?2;
