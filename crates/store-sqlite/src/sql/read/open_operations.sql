-- The newest open operations of an execution that do something. Results are those of steps that poll.
FROM
    operations INDEXED BY operations_open
WHERE
    type IN ('STEP', 'WAIT', 'CALLBACK', 'CHAINED_INVOKE')
    AND execution_key = ?1
    AND ended_at IS NULL
    AND type NOT IN ('EXECUTION', 'CONTEXT')
ORDER BY
    operation_key DESC
LIMIT
    ?2;
