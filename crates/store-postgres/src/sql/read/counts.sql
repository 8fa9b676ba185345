-- How many executions there are, by function, version and status.
SELECT
    function_name,
    function_version,
    status,
    sum(count)::bigint
FROM
    lambdura.execution_counts
WHERE
    account_id = $1
GROUP BY
    function_name,
    function_version,
    status
HAVING
    sum(count) > 0
