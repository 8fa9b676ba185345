-- The settings of all functions that have any.
SELECT
    function_name,
    settings
FROM
    function_settings
ORDER BY
    function_name;
