-- The last inputs of a function that are no larger than ?2 bytes.
SELECT
    started_at,
    execution_name,
    input
FROM
    execution_specs
WHERE
    function_name = ?1
    AND octet_length(input) <= ?2
ORDER BY
    started_at DESC,
    execution_key DESC
LIMIT
    ?3;
