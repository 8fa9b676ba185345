-- Removes the oldest records of a kind, those before the id $3 and all but the newest $4, but no more than $5.
WITH
    oldest AS (
        SELECT record_id
        FROM lambdura.audit_records
        WHERE
            account_id = $1
            AND kind = $2
            AND record_id < greatest(
                $3::text,
                (
                    SELECT record_id
                    FROM lambdura.audit_records
                    WHERE account_id = $1 AND kind = $2
                    ORDER BY record_id DESC
                    OFFSET $4::bigint - 1
                    LIMIT 1
                )
            )
        ORDER BY record_id
        LIMIT $5::bigint
        -- Another server may be at it.
        FOR UPDATE SKIP LOCKED
    )
DELETE FROM lambdura.audit_records AS record
USING oldest
WHERE
    record.account_id = $1
    AND record.kind = $2
    AND record.record_id = oldest.record_id
