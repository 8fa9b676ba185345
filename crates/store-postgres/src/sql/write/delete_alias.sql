-- Forgets an alias.
DELETE FROM lambdura.aliases
WHERE
    account_id = $1
    AND function_name = $2
    AND alias = $3
