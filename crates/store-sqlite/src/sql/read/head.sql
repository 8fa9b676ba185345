-- What a check needs of one execution, by its id: nothing that may be large.
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
    execution_id = ?1;
