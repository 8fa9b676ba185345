-- Functions over the API: what is deleted, divided, tagged, limited and given up.

-- JSON: the API's AliasRoutingConfiguration. NULL: all traffic goes to the alias's version.
ALTER TABLE aliases ADD COLUMN routing TEXT;

-- Changes with every change of the alias; empty for those from before this version.
ALTER TABLE aliases ADD COLUMN revision_id TEXT NOT NULL DEFAULT '';

CREATE TABLE function_settings (
    function_name TEXT NOT NULL PRIMARY KEY,
    -- JSON: tags, reserved concurrency, retries, whether the function is being deleted.
    settings TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Asynchronous invocations that were given up, the newest of them.
CREATE TABLE dead_letters (
    dead_letter_id INTEGER PRIMARY KEY AUTOINCREMENT,
    request_id TEXT NOT NULL,
    function_name TEXT NOT NULL,
    function_version TEXT NOT NULL,
    invoked_arn TEXT NOT NULL,
    client_context TEXT,
    trace_header TEXT,
    tenant_id TEXT,
    accepted_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    not_before_at INTEGER NOT NULL,
    payload BLOB NOT NULL,
    buried_at INTEGER NOT NULL,
    -- RetriesExhausted, EventAgeExceeded
    condition TEXT NOT NULL,
    has_error INTEGER NOT NULL,
    error_type TEXT,
    error_message TEXT,
    error_data TEXT,
    error_stack_trace TEXT
) STRICT;
