-- An execution by its key, without payloads.
SELECT
    *
FROM
    execution_summaries
WHERE
    execution_key = ?1;
