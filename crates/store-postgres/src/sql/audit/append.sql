-- Adds records. One that is there is left as it is.
INSERT INTO
    lambdura.audit_records (
        account_id, kind, record_id, recorded_at, server, who, access_key_id, source_ip, action, resource, outcome,
        status, error
    )
SELECT
    $1, *
FROM
    unnest(
        $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
        $11::text[], $12::bigint[], $13::text[]
    )
ON CONFLICT (account_id, kind, record_id) DO NOTHING
