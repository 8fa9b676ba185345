-- The oldest of the newest so many records of a kind; none when there are not so many.
SELECT record_id
FROM audit_records
WHERE kind = ?1
ORDER BY record_id DESC
LIMIT 1 OFFSET ?2
