-- A writer that was closed needs no fence.
DELETE FROM lambdura.writers
WHERE
    account_id = $1
    AND writer_id = $2
