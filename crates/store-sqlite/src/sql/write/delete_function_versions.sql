-- Forgets all versions of a function.
DELETE FROM function_versions
WHERE
    function_name = ?1;
