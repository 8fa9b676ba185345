-- A record that is there is left as it is.
INSERT INTO
    audit_records (
        kind, record_id, recorded_at, server, who, access_key_id, source_ip, action, resource, outcome, status, error
    )
VALUES
    (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT DO NOTHING
