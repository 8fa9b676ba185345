-- How many executions there are, by function, version and status.
SELECT
    function_name,
    function_version,
    status,
    count
FROM
    execution_counts
WHERE
    count > 0;
