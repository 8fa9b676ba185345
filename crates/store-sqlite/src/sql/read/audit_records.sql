-- Records of a kind, newest first: before the id ?2, with the text ?3 in one of their words.
SELECT
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
FROM
    audit_records
WHERE
    kind = ?1
    AND (?2 IS NULL OR record_id < ?2)
    AND (
        ?3 IS NULL
        OR instr(who, ?3)
        OR instr(action, ?3)
        OR instr(resource, ?3)
        OR instr(outcome, ?3)
        OR instr(ifnull(server, ''), ?3)
        OR instr(ifnull(access_key_id, ''), ?3)
        OR instr(ifnull(source_ip, ''), ?3)
        OR instr(ifnull(error, ''), ?3)
    )
ORDER BY
    record_id DESC
LIMIT
    ?4
