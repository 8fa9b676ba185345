-- Records, newest first: of the kind $2, before the id $3, with the text $4 in one of their words.
SELECT
    kind,
    record_id,
    recorded_at,
    server,
    who,
    access_key_id,
    source_ip,
    action,
    resource,
    outcome,
    status,
    error
FROM (
    (
        SELECT *
        FROM lambdura.audit_records
        WHERE
            account_id = $1
            AND kind = 'MANAGEMENT'
            AND ($2::text IS NULL OR $2 = 'MANAGEMENT')
            AND ($3::text IS NULL OR record_id < $3)
            AND ($4::text IS NULL OR EXISTS (
                SELECT FROM unnest(ARRAY[server, who, access_key_id, source_ip, action, resource, outcome, error]) AS word
                WHERE strpos(word, $4) > 0
            ))
        ORDER BY record_id DESC
        LIMIT $5
    )
    UNION ALL
    (
        SELECT *
        FROM lambdura.audit_records
        WHERE
            account_id = $1
            AND kind = 'DATA'
            AND ($2::text IS NULL OR $2 = 'DATA')
            AND ($3::text IS NULL OR record_id < $3)
            AND ($4::text IS NULL OR EXISTS (
                SELECT FROM unnest(ARRAY[server, who, access_key_id, source_ip, action, resource, outcome, error]) AS word
                WHERE strpos(word, $4) > 0
            ))
        ORDER BY record_id DESC
        LIMIT $5
    )
) AS found
ORDER BY
    record_id DESC
LIMIT
    $5
