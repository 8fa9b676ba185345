-- Ends what setting an execution aside began.
DELETE FROM lambdura.set_aside
WHERE
    account_id = $1
    AND execution_id = $2
