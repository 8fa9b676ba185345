-- Forgets all aliases of a function.
DELETE FROM aliases
WHERE
    function_name = ?1;
