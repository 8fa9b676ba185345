-- Forgets one alias.
DELETE FROM aliases
WHERE
    function_name = ?1
    AND alias = ?2;
