-- A search: every execution on the way, whether it matches, and how much text that took to tell. Followed by
-- where the way begins and in what order it goes.
SELECT
    spec.execution_key,
    spec.started_at,
    (?1 IS NULL OR spec.function_name = ?1)
    AND (?2 IS NULL OR spec.function_version = ?2)
    AND (?3 IS NULL OR spec.execution_name = ?3)
    AND (?4 IS NULL OR spec.execution_name LIKE ?4 ESCAPE '\')
    -- A list of statuses, each between commas.
    AND (?5 IS NULL OR instr(?5, ',' || state.status || ',') > 0)
    AND (?6 IS NULL OR spec.started_at > ?6)
    AND (?7 IS NULL OR spec.started_at < ?7)
    AND (
        ?8 IS NULL
        OR ifnull(spec.input LIKE ?8 ESCAPE '\', 0)
        OR ifnull(outcome.result LIKE ?8 ESCAPE '\', 0)
        OR ifnull(outcome.error_type LIKE ?8 ESCAPE '\', 0)
        OR ifnull(outcome.error_message LIKE ?8 ESCAPE '\', 0)
    ) AS matches,
    CASE
        WHEN ?8 IS NULL THEN 0
        ELSE ifnull(octet_length(spec.input), 0)
        + ifnull(octet_length(outcome.result), 0)
        + ifnull(octet_length(outcome.error_type), 0)
        + ifnull(octet_length(outcome.error_message), 0)
    END AS searched_bytes
