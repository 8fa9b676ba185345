-- Removes the oldest records of a kind, as far as their ids sort before ?2, but no more than ?3.
DELETE FROM audit_records
WHERE
    kind = ?1
    AND record_id IN (
        SELECT record_id
        FROM audit_records
        WHERE kind = ?1 AND record_id < ?2
        ORDER BY record_id
        LIMIT ?3
    )
