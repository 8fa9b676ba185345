-- An execution by its id, without payloads.
SELECT
    *
FROM
    execution_summaries
WHERE
    execution_id = ?1;
