-- Leaves word for a server that executions were changed.
INSERT INTO
    lambdura.words (account_id, server_id, execution_id)
SELECT
    $1,
    $2,
    changed.execution_id
FROM
    unnest($3::text[]) WITH ORDINALITY AS changed (execution_id, place)
ORDER BY
    changed.place
