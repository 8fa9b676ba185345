-- The ARN's parts of the execution that has this name within the function.
SELECT
    partition,
    region,
    account_id,
    function_name,
    function_version,
    execution_name,
    execution_id
FROM
    execution_specs
WHERE
    function_name = ?1
    AND execution_name = ?2;
