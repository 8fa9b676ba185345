-- What is set aside.
SELECT
    execution_id,
    set_aside_at,
    attempted,
    reason
FROM
    set_aside
ORDER BY
    execution_id;
