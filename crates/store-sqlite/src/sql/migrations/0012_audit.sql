-- The record of changes: who did what, when, from where. Bounded: the oldest of each kind are removed.
CREATE TABLE audit_records (
    -- MANAGEMENT (a change of the service), DATA (a use of what is there, or a refusal)
    kind TEXT NOT NULL,
    -- Sorts by time: milliseconds, the run of the server, a number; hexadecimal.
    record_id TEXT NOT NULL,
    -- Epoch milliseconds.
    recorded_at INTEGER NOT NULL,
    -- The address of the server that was asked, where several share what is stored.
    server TEXT,
    who TEXT NOT NULL,
    access_key_id TEXT,
    source_ip TEXT,
    -- IAM's name of the action.
    action TEXT NOT NULL,
    resource TEXT NOT NULL,
    -- done, refused, failed
    outcome TEXT NOT NULL,
    -- The HTTP status and the error of the answer.
    status INTEGER,
    error TEXT,
    PRIMARY KEY (kind, record_id)
) STRICT, WITHOUT ROWID;
