-- Forgets the settings of a function.
DELETE FROM function_settings
WHERE
    function_name = ?1;
