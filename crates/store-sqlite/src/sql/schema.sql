-- Made from the migrations, which say more; never edited.

CREATE TABLE access_keys (
    access_key_id TEXT NOT NULL PRIMARY KEY,
    -- What people call it by.
    name TEXT NOT NULL UNIQUE,
    -- The secret, encrypted by a key that is not in this file.
    sealed_secret BLOB NOT NULL,
    -- A JSON list: names of ready policies, and IAM policy documents.
    policies TEXT NOT NULL,
    -- Epoch milliseconds.
    created_at INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    -- Since when nobody may sign with it; NULL while it is good.
    disabled_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE aliases (
    function_name TEXT NOT NULL,
    alias TEXT NOT NULL,
    function_version TEXT NOT NULL,
    description TEXT NOT NULL, routing TEXT, revision_id TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (function_name, alias)
) STRICT, WITHOUT ROWID;

CREATE TABLE async_invocations (
    async_invocation_id INTEGER PRIMARY KEY AUTOINCREMENT,
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
    -- Bytes, because a plain function may be given anything.
    payload BLOB NOT NULL
) STRICT;

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

CREATE TABLE deployed_stacks (
    stack_name TEXT NOT NULL PRIMARY KEY,
    -- What it is made of, as JSON.
    document TEXT NOT NULL,
    -- Epoch milliseconds.
    deployed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE deployed_stacks_revision (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 0),
    revision INTEGER NOT NULL
) STRICT;

CREATE TABLE events (
    event_key INTEGER PRIMARY KEY,
    execution_key INTEGER NOT NULL,
    -- Counts from 1 within the execution, without gaps.
    event_id INTEGER NOT NULL,
    happened_at INTEGER NOT NULL,
    -- ExecutionStarted, StepSucceeded and so on, as AWS names them.
    type TEXT NOT NULL,
    -- The operation that it is about; NULL for InvocationCompleted.
    operation_id TEXT,
    operation_name TEXT,
    parent_id TEXT,
    sub_type TEXT,
    -- Steps: the attempt that ended, and the delay to the next one.
    attempt INTEGER,
    next_attempt_delay_seconds INTEGER,
    -- ExecutionStarted: its timeout. Waits: their length.
    seconds INTEGER,
    scheduled_end_at INTEGER,
    callback_id TEXT,
    timeout_seconds INTEGER,
    heartbeat_timeout_seconds INTEGER,
    -- ChainedInvokeStarted.
    function_name TEXT,
    tenant_id TEXT,
    executed_version TEXT,
    started_execution_arn TEXT,
    -- InvocationCompleted.
    request_id TEXT,
    invocation_started_at INTEGER,
    invocation_ended_at INTEGER,
    has_error INTEGER NOT NULL,
    error_type TEXT,
    error_message TEXT,
    error_data TEXT,
    error_stack_trace TEXT,
    -- An input or a result.
    payload TEXT
, payload_source TEXT, requested_at INTEGER, execution_timeout_paused INTEGER) STRICT;

CREATE UNIQUE INDEX events_by_execution ON events (execution_key, event_id);

CREATE TABLE execution_counts (
    function_name TEXT NOT NULL,
    function_version TEXT NOT NULL,
    status TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (function_name, function_version, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE execution_outcomes (
    execution_key INTEGER PRIMARY KEY,
    has_error INTEGER NOT NULL,
    error_type TEXT,
    error_message TEXT,
    error_data TEXT,
    -- A JSON array of frames, innermost first.
    error_stack_trace TEXT,
    result TEXT
) STRICT;

CREATE TABLE execution_specs (
    execution_key INTEGER PRIMARY KEY,
    execution_id TEXT NOT NULL,
    execution_name TEXT NOT NULL,
    partition TEXT NOT NULL,
    region TEXT NOT NULL,
    account_id TEXT NOT NULL,
    function_name TEXT NOT NULL,
    -- `$LATEST` or the number of a published version.
    function_version TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    execution_timeout_seconds INTEGER NOT NULL,
    retention_days INTEGER NOT NULL,
    result_bytes_max INTEGER NOT NULL,
    trace_header TEXT,
    tenant_id TEXT,
    -- The chained invoke that started it.
    parent_execution_id TEXT,
    parent_operation_id TEXT,
    input TEXT
, event_source TEXT, event_source_name TEXT) STRICT;

CREATE INDEX execution_specs_by_function_start ON execution_specs (function_name, started_at);

CREATE UNIQUE INDEX execution_specs_by_id ON execution_specs (execution_id);

CREATE UNIQUE INDEX execution_specs_by_name ON execution_specs (function_name, execution_name);

CREATE INDEX execution_specs_by_start ON execution_specs (started_at);

CREATE TABLE execution_states (
    execution_key INTEGER PRIMARY KEY,
    -- The fence: a transition from version n is written only where this is n.
    version INTEGER NOT NULL,
    -- RUNNING, SUCCEEDED, FAILED, TIMED_OUT, STOPPED
    status TEXT NOT NULL,
    ended_at INTEGER,
    terminal_event_owed INTEGER NOT NULL,
    event_id_last INTEGER NOT NULL,
    -- IDLE, ACTIVE, BACKING_OFF
    invocation TEXT NOT NULL,
    invocation_number INTEGER,
    invocation_request_id TEXT,
    -- 64 bits; the sign has no meaning.
    invocation_nonce INTEGER,
    -- When the active one was scheduled, or the next one is.
    invocation_at INTEGER,
    invocation_count INTEGER NOT NULL,
    token_sequence INTEGER NOT NULL,
    last_checkpoint_client_token TEXT,
    last_checkpoint_token_sequence INTEGER,
    -- Lists of operation ids, separated by commas, which no id contains; NULL when empty.
    last_checkpoint_answered TEXT,
    failed_invocations INTEGER NOT NULL,
    invalid_pendings INTEGER NOT NULL,
    operation_count INTEGER NOT NULL,
    pending_count INTEGER NOT NULL,
    open_chained_invokes INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    -- What comes due next, and why: EXECUTION_TIMEOUT, WAIT_ELAPSED, STEP_RETRY, CALLBACK_TIMEOUT,
    -- CALLBACK_HEARTBEAT, INVOCATION_RETRY, RETENTION_ELAPSED.
    deadline_at INTEGER,
    deadline_reason TEXT,
    deadline_operation_id TEXT,
    -- Whether a restarted server has something to do beyond the deadline.
    owes_work INTEGER NOT NULL
, pause_requested_at INTEGER, pause_reason TEXT, pause_client_token TEXT, pause_stops_timeout INTEGER, paused_at INTEGER, pause_owes_invocation INTEGER, timeout_paused_millis INTEGER NOT NULL DEFAULT 0, resume_client_token TEXT, invocation_owner INTEGER, counted_failures INTEGER NOT NULL DEFAULT 0, service_changes INTEGER NOT NULL DEFAULT 0, told_changes INTEGER NOT NULL DEFAULT 0, settled_changes INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE TRIGGER execution_counts_of_deletion AFTER DELETE ON execution_states
BEGIN
    UPDATE execution_counts
    SET
        count = count - 1
    WHERE
        (function_name, function_version) = (
            SELECT function_name, function_version FROM execution_specs
            WHERE execution_key = OLD.execution_key
        )
        AND status = OLD.status;
END;

CREATE TRIGGER execution_counts_of_start AFTER INSERT ON execution_states
BEGIN
    INSERT INTO
        execution_counts (function_name, function_version, status, count)
    SELECT
        function_name, function_version, NEW.status, 1
    FROM
        execution_specs
    WHERE
        execution_key = NEW.execution_key
    ON CONFLICT DO UPDATE
    SET
        count = count + 1;
END;

CREATE TRIGGER execution_counts_of_status AFTER UPDATE OF status ON execution_states
WHEN NEW.status <> OLD.status
BEGIN
    UPDATE execution_counts
    SET
        count = count - 1
    WHERE
        (function_name, function_version) = (
            SELECT function_name, function_version FROM execution_specs
            WHERE execution_key = OLD.execution_key
        )
        AND status = OLD.status;
    INSERT INTO
        execution_counts (function_name, function_version, status, count)
    SELECT
        function_name, function_version, NEW.status, 1
    FROM
        execution_specs
    WHERE
        execution_key = NEW.execution_key
    ON CONFLICT DO UPDATE
    SET
        count = count + 1;
END;

CREATE INDEX execution_states_by_deadline ON execution_states (deadline_at)
WHERE
    deadline_at IS NOT NULL;

CREATE INDEX execution_states_by_status ON execution_states (status);

CREATE INDEX execution_states_owing ON execution_states (execution_key)
WHERE
    owes_work = 1;

CREATE INDEX execution_states_waking ON execution_states (deadline_at)
WHERE
    deadline_at IS NOT NULL
    AND deadline_reason <> 'RETENTION_ELAPSED';

CREATE TABLE function_settings (
    function_name TEXT NOT NULL PRIMARY KEY,
    -- JSON: tags, reserved concurrency, retries, whether the function is being deleted.
    settings TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE function_versions (
    function_name TEXT NOT NULL,
    -- `$LATEST` or a number.
    function_version TEXT NOT NULL,
    code_sha256 TEXT NOT NULL,
    config_sha256 TEXT NOT NULL,
    code_dir TEXT NOT NULL,
    -- JSON: the API's FunctionConfiguration.
    configuration TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    PRIMARY KEY (function_name, function_version)
) STRICT, WITHOUT ROWID;

CREATE TABLE operations (
    operation_key INTEGER PRIMARY KEY,
    execution_key INTEGER NOT NULL,
    operation_id TEXT NOT NULL,
    parent_id TEXT,
    name TEXT,
    sub_type TEXT,
    -- EXECUTION, CONTEXT, STEP, WAIT, CALLBACK, CHAINED_INVOKE
    type TEXT NOT NULL,
    -- STARTED, PENDING, READY, SUCCEEDED, FAILED, CANCELLED, TIMED_OUT, STOPPED
    status TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    -- CONTEXT
    replay_children INTEGER,
    -- STEP
    attempt INTEGER,
    next_attempt_at INTEGER,
    -- WAIT
    wait_seconds INTEGER,
    scheduled_end_at INTEGER,
    -- CALLBACK
    callback_id TEXT,
    timeout_seconds INTEGER,
    heartbeat_timeout_seconds INTEGER,
    last_heartbeat_at INTEGER,
    -- CHAINED_INVOKE: the function as it was named, and what that meant:
    -- DURABLE, PLAIN, UNRESOLVABLE
    function_name TEXT,
    tenant_id TEXT,
    target TEXT,
    target_function TEXT,
    target_version TEXT,
    target_execution_id TEXT,
    -- All types that can fail or return something.
    has_error INTEGER NOT NULL,
    error_type TEXT,
    error_message TEXT,
    error_data TEXT,
    error_stack_trace TEXT,
    -- CHAINED_INVOKE; the input of the EXECUTION operation is that of the execution.
    input TEXT,
    result TEXT
, trace_header TEXT, service_change INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE UNIQUE INDEX operations_by_id ON operations (execution_key, operation_id);

CREATE INDEX operations_offers ON operations (name, execution_key)
WHERE
    type = 'CALLBACK'
    AND ended_at IS NULL
    AND name >= 'activity:'
    AND name < 'activity;';

CREATE INDEX operations_open ON operations (type, execution_key)
WHERE
    ended_at IS NULL
    AND type NOT IN ('EXECUTION', 'CONTEXT');

CREATE TABLE schedule_marks (
    schedule_arn TEXT NOT NULL PRIMARY KEY,
    -- What it was like; a schedule that is changed begins anew.
    definition TEXT NOT NULL,
    -- Epoch milliseconds: occurrences up to here are done with.
    done_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE set_aside (
    execution_id TEXT NOT NULL PRIMARY KEY,
    set_aside_at INTEGER NOT NULL,
    -- What was being done, and what went wrong.
    attempted TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sqlite_sequence(name,seq);

CREATE VIEW execution_events AS
SELECT
    spec.execution_id,
    event.*
FROM
    events AS event
    JOIN execution_specs AS spec USING (execution_key);

CREATE VIEW execution_operations AS
SELECT
    spec.execution_id,
    operation.*
FROM
    operations AS operation
    JOIN execution_specs AS spec USING (execution_key);

CREATE VIEW execution_records AS
SELECT
    spec.execution_key,
    spec.execution_id,
    spec.execution_name,
    spec.partition,
    spec.region,
    spec.account_id,
    spec.function_name,
    spec.function_version,
    spec.started_at,
    spec.execution_timeout_seconds,
    spec.retention_days,
    spec.result_bytes_max,
    spec.trace_header,
    spec.tenant_id,
    spec.parent_execution_id,
    spec.parent_operation_id,
    spec.event_source,
    spec.event_source_name,
    spec.input,
    state.version,
    state.status,
    state.ended_at,
    state.terminal_event_owed,
    state.event_id_last,
    state.invocation,
    state.invocation_number,
    state.invocation_request_id,
    state.invocation_nonce,
    state.invocation_at,
    state.invocation_owner,
    state.invocation_count,
    state.token_sequence,
    state.last_checkpoint_client_token,
    state.last_checkpoint_token_sequence,
    state.last_checkpoint_answered,
    state.service_changes,
    state.told_changes,
    state.settled_changes,
    state.failed_invocations,
    state.counted_failures,
    state.invalid_pendings,
    state.operation_count,
    state.pending_count,
    state.open_chained_invokes,
    state.bytes,
    state.pause_requested_at,
    state.pause_reason,
    state.pause_client_token,
    state.pause_stops_timeout,
    state.paused_at,
    state.pause_owes_invocation,
    state.timeout_paused_millis,
    state.resume_client_token,
    state.deadline_at,
    state.deadline_reason,
    state.deadline_operation_id,
    outcome.has_error,
    outcome.error_type,
    outcome.error_message,
    outcome.error_data,
    outcome.error_stack_trace,
    outcome.result
FROM
    execution_specs AS spec
    JOIN execution_states AS state USING (execution_key)
    LEFT JOIN execution_outcomes AS outcome USING (execution_key);

CREATE VIEW execution_summaries AS
SELECT
    spec.execution_key,
    spec.execution_id,
    spec.execution_name,
    spec.partition,
    spec.region,
    spec.account_id,
    spec.function_name,
    spec.function_version,
    spec.started_at,
    spec.execution_timeout_seconds,
    spec.retention_days,
    spec.result_bytes_max,
    spec.trace_header,
    spec.tenant_id,
    spec.parent_execution_id,
    spec.parent_operation_id,
    spec.event_source,
    spec.event_source_name,
    NULL AS input,
    state.version,
    state.status,
    state.ended_at,
    state.terminal_event_owed,
    state.event_id_last,
    state.invocation,
    state.invocation_number,
    state.invocation_request_id,
    state.invocation_nonce,
    state.invocation_at,
    state.invocation_owner,
    state.invocation_count,
    state.token_sequence,
    state.last_checkpoint_client_token,
    state.last_checkpoint_token_sequence,
    state.last_checkpoint_answered,
    state.service_changes,
    state.told_changes,
    state.settled_changes,
    state.failed_invocations,
    state.counted_failures,
    state.invalid_pendings,
    state.operation_count,
    state.pending_count,
    state.open_chained_invokes,
    state.bytes,
    state.pause_requested_at,
    state.pause_reason,
    state.pause_client_token,
    state.pause_stops_timeout,
    state.paused_at,
    state.pause_owes_invocation,
    state.timeout_paused_millis,
    state.resume_client_token,
    state.deadline_at,
    state.deadline_reason,
    state.deadline_operation_id,
    outcome.has_error,
    outcome.error_type,
    outcome.error_message,
    NULL AS error_data,
    NULL AS error_stack_trace,
    NULL AS result,
    octet_length(spec.input) AS input_bytes,
    octet_length(outcome.result) AS result_bytes
FROM
    execution_specs AS spec
    JOIN execution_states AS state USING (execution_key)
    LEFT JOIN execution_outcomes AS outcome USING (execution_key);

CREATE VIEW executions AS
SELECT
    spec.execution_id,
    spec.execution_name,
    spec.function_name,
    spec.function_version,
    state.status,
    strftime('%Y-%m-%dT%H:%M:%fZ', spec.started_at / 1000.0, 'unixepoch') AS started,
    strftime('%Y-%m-%dT%H:%M:%fZ', state.ended_at / 1000.0, 'unixepoch') AS ended,
    state.invocation,
    state.deadline_reason AS waits_for,
    strftime('%Y-%m-%dT%H:%M:%fZ', state.deadline_at / 1000.0, 'unixepoch') AS waits_until,
    state.operation_count,
    state.event_id_last AS event_count,
    state.version,
    spec.input,
    outcome.result,
    outcome.error_type,
    outcome.error_message
FROM
    execution_specs AS spec
    JOIN execution_states AS state USING (execution_key)
    LEFT JOIN execution_outcomes AS outcome USING (execution_key);
