-- Durable executions. All instants are milliseconds since 1970 in UTC.
--
-- Texts that people or functions wrote may hold the character NUL, which PostgreSQL refuses: it is written as U+001A
-- and `0`, and U+001A itself as two of them. Everything else is as it was given.
--
-- Texts are compared byte by byte (`COLLATE "C"`), so that order does not depend on the system's locales.

-- What the keys of executions count up. See `execution_specs`.
CREATE SEQUENCE lambdura.execution_keys;

-- One row for each place where a server writes from: what it committed last, and the fence around it.
-- A transaction raises `batch` of its writer. After a lost connection the writer raises `epoch`, which waits for a
-- transaction that is still under way and fails one that has not come so far (`batch` becomes NULL). Then `batch`
-- says whether the transaction in doubt is there.
CREATE TABLE lambdura.writers (
    account_id text COLLATE "C" NOT NULL,
    writer_id bigint NOT NULL,
    epoch bigint NOT NULL,
    batch bigint NOT NULL,
    -- Said now and then: the rows of writers that died are removed after a time.
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, writer_id)
) WITH (fillfactor = 50);

-- What is fixed when an execution starts. Its key says when that was: the milliseconds, followed by 21 bits that count
-- up. So operations and history are divided by the time of the start, and the keys of one time lie side by side.
CREATE TABLE lambdura.execution_specs (
    execution_key bigint NOT NULL PRIMARY KEY,
    account_id text COLLATE "C" NOT NULL,
    execution_id text COLLATE "C" NOT NULL,
    execution_name text COLLATE "C" NOT NULL,
    partition text COLLATE "C" NOT NULL,
    region text COLLATE "C" NOT NULL,
    -- The account in the ARN; that of the server as a rule.
    arn_account_id text COLLATE "C" NOT NULL,
    function_name text COLLATE "C" NOT NULL,
    -- `$LATEST` or the number of a published version.
    function_version text COLLATE "C" NOT NULL,
    started_at bigint NOT NULL,
    execution_timeout_seconds bigint NOT NULL,
    retention_days bigint NOT NULL,
    result_bytes_max bigint NOT NULL,
    trace_header text COLLATE "C",
    tenant_id text COLLATE "C",
    -- The chained invoke that started it.
    parent_execution_id text COLLATE "C",
    parent_operation_id text COLLATE "C",
    -- Or what called the function for somebody else.
    event_source text COLLATE "C",
    event_source_name text COLLATE "C",
    -- Bytes of the input as it was given.
    input_bytes bigint,
    input text COLLATE "C"
);

CREATE UNIQUE INDEX execution_specs_by_id ON lambdura.execution_specs (account_id, execution_id);

CREATE UNIQUE INDEX execution_specs_by_name ON lambdura.execution_specs (
    account_id, function_name, execution_name
);

CREATE INDEX execution_specs_by_function_start ON lambdura.execution_specs (
    account_id, function_name, started_at
);

CREATE INDEX execution_specs_by_start ON lambdura.execution_specs (account_id, started_at);

-- What changes with each commit. Nothing that does is in an index but the deadline, the status and whether a server
-- has to take it up, so that most updates stay in their page (HOT), for which a part of it is left free.
CREATE TABLE lambdura.execution_states (
    execution_key bigint NOT NULL PRIMARY KEY,
    account_id text COLLATE "C" NOT NULL,
    execution_id text COLLATE "C" NOT NULL,
    -- Which of the 256 shards: servers share them out.
    shard smallint NOT NULL,
    -- The fence: a transition from version n is written only where this is n.
    version bigint NOT NULL,
    -- Which batch of which writer made this version.
    writer_id bigint NOT NULL,
    batch bigint NOT NULL,
    -- RUNNING, PAUSING, PAUSED, SUCCEEDED, FAILED, TIMED_OUT, STOPPED
    status text COLLATE "C" NOT NULL,
    -- The status before the last commit.
    status_before text COLLATE "C",
    ended_at bigint,
    terminal_event_owed boolean NOT NULL,
    event_id_last bigint NOT NULL,
    -- IDLE, ACTIVE, BACKING_OFF
    invocation text COLLATE "C" NOT NULL,
    invocation_number bigint,
    invocation_request_id text COLLATE "C",
    -- 64 bits; the sign has no meaning.
    invocation_nonce bigint,
    -- When the active one was scheduled, or the next one is.
    invocation_at bigint,
    -- The run of a server that drives the active one; 64 bits.
    invocation_owner bigint,
    invocation_count bigint NOT NULL,
    token_sequence bigint NOT NULL,
    last_checkpoint_client_token text COLLATE "C",
    last_checkpoint_token_sequence bigint,
    -- Ids of operations, separated by commas, which no id contains; NULL when empty.
    last_checkpoint_answered text COLLATE "C",
    service_changes bigint NOT NULL,
    told_changes bigint NOT NULL,
    settled_changes bigint NOT NULL,
    failed_invocations bigint NOT NULL,
    counted_failures bigint NOT NULL,
    invalid_pendings bigint NOT NULL,
    operation_count bigint NOT NULL,
    pending_count bigint NOT NULL,
    open_chained_invokes bigint NOT NULL,
    bytes bigint NOT NULL,
    timeout_paused_millis bigint NOT NULL,
    pause_requested_at bigint,
    pause_reason text COLLATE "C",
    pause_client_token text COLLATE "C",
    pause_stops_timeout boolean,
    paused_at bigint,
    pause_owes_invocation boolean,
    resume_client_token text COLLATE "C",
    -- What comes due next, and why: EXECUTION_TIMEOUT, WAIT_ELAPSED, STEP_RETRY, CALLBACK_TIMEOUT,
    -- CALLBACK_HEARTBEAT, INVOCATION_RETRY, RETENTION_ELAPSED.
    deadline_at bigint,
    deadline_reason text COLLATE "C",
    deadline_operation_id text COLLATE "C",
    -- Whether a server that starts may have something to do beyond the deadline.
    owes_work boolean NOT NULL,
    -- How it ended.
    has_error boolean,
    error_type text COLLATE "C",
    error_message text COLLATE "C",
    error_data text COLLATE "C",
    -- A JSON array of frames, innermost first.
    error_stack_trace text COLLATE "C",
    -- Bytes of the result as it was given.
    result_bytes bigint,
    result text COLLATE "C"
) WITH (fillfactor = 70);

-- The next two have nothing in common, so that a deadline costs one entry.
CREATE INDEX execution_states_waking ON lambdura.execution_states (account_id, deadline_at, shard)
WHERE
    deadline_at IS NOT NULL
    AND deadline_reason <> 'RETENTION_ELAPSED';

CREATE INDEX execution_states_kept ON lambdura.execution_states (account_id, deadline_at, shard)
WHERE
    deadline_reason = 'RETENTION_ELAPSED';

CREATE INDEX execution_states_owing ON lambdura.execution_states (account_id, execution_key)
WHERE
    owes_work;

-- Not of those that succeeded: most did, and who looks for them finds them on any way.
CREATE INDEX execution_states_by_status ON lambdura.execution_states (
    account_id, status, execution_key
)
WHERE
    status <> 'SUCCEEDED';

-- How many executions there are: the sum over the buckets, of which each server uses one, so that they do not wait
-- for each other.
CREATE TABLE lambdura.execution_counts (
    account_id text COLLATE "C" NOT NULL,
    function_name text COLLATE "C" NOT NULL,
    function_version text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    bucket smallint NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (account_id, function_name, function_version, status, bucket)
) WITH (fillfactor = 50);

-- The recorded units of executions, divided by the time of the execution's start.
CREATE TABLE lambdura.operations (
    execution_key bigint NOT NULL,
    operation_id text COLLATE "C" NOT NULL,
    -- Ascending in the order in which they started.
    position bigint NOT NULL,
    parent_id text COLLATE "C",
    name text COLLATE "C",
    sub_type text COLLATE "C",
    -- EXECUTION, CONTEXT, STEP, WAIT, CALLBACK, CHAINED_INVOKE
    type text COLLATE "C" NOT NULL,
    -- STARTED, PENDING, READY, SUCCEEDED, FAILED, CANCELLED, TIMED_OUT, STOPPED
    status text COLLATE "C" NOT NULL,
    started_at bigint NOT NULL,
    ended_at bigint,
    service_change bigint NOT NULL,
    -- CONTEXT
    replay_children boolean,
    -- STEP
    attempt bigint,
    next_attempt_at bigint,
    -- WAIT
    wait_seconds bigint,
    scheduled_end_at bigint,
    -- CALLBACK
    callback_id text COLLATE "C",
    timeout_seconds bigint,
    heartbeat_timeout_seconds bigint,
    last_heartbeat_at bigint,
    -- CHAINED_INVOKE: the function as it was named, and what that meant: DURABLE, PLAIN, UNRESOLVABLE
    function_name text COLLATE "C",
    tenant_id text COLLATE "C",
    trace_header text COLLATE "C",
    target text COLLATE "C",
    target_function text COLLATE "C",
    target_version text COLLATE "C",
    target_execution_id text COLLATE "C",
    -- All types that can fail or return something.
    has_error boolean,
    error_type text COLLATE "C",
    error_message text COLLATE "C",
    error_data text COLLATE "C",
    error_stack_trace text COLLATE "C",
    -- CHAINED_INVOKE; the input of the EXECUTION operation is that of the execution.
    input text COLLATE "C",
    result text COLLATE "C",
    PRIMARY KEY (execution_key, operation_id)
) PARTITION BY RANGE (execution_key);

CREATE INDEX operations_open ON lambdura.operations (type, execution_key)
WHERE
    ended_at IS NULL
    AND type IN ('STEP', 'WAIT', 'CALLBACK', 'CHAINED_INVOKE');

-- For starts at times that no partition was made for.
CREATE TABLE lambdura.operations_default PARTITION OF lambdura.operations DEFAULT;

-- What happened to executions: numbered from 1 without gaps, never changed.
CREATE TABLE lambdura.events (
    execution_key bigint NOT NULL,
    event_id bigint NOT NULL,
    happened_at bigint NOT NULL,
    -- ExecutionStarted, StepSucceeded and so on, as AWS names them.
    type text COLLATE "C" NOT NULL,
    -- The operation that it is about; NULL for InvocationCompleted.
    operation_id text COLLATE "C",
    operation_name text COLLATE "C",
    parent_id text COLLATE "C",
    sub_type text COLLATE "C",
    -- Steps: the attempt that ended, and the delay to the next one.
    attempt bigint,
    next_attempt_delay_seconds bigint,
    -- ExecutionStarted: its timeout. Waits: their length.
    seconds bigint,
    scheduled_end_at bigint,
    callback_id text COLLATE "C",
    timeout_seconds bigint,
    heartbeat_timeout_seconds bigint,
    -- ChainedInvokeStarted
    function_name text COLLATE "C",
    tenant_id text COLLATE "C",
    executed_version text COLLATE "C",
    started_execution_arn text COLLATE "C",
    -- InvocationCompleted
    request_id text COLLATE "C",
    invocation_started_at bigint,
    invocation_ended_at bigint,
    -- ExecutionPaused, ExecutionResumed
    requested_at bigint,
    execution_timeout_paused boolean,
    has_error boolean,
    error_type text COLLATE "C",
    error_message text COLLATE "C",
    error_data text COLLATE "C",
    error_stack_trace text COLLATE "C",
    -- An input or a result, or where a large one lies: EXECUTION_INPUT, EXECUTION_RESULT, OPERATION_INPUT,
    -- OPERATION_RESULT.
    payload text COLLATE "C",
    payload_source text COLLATE "C",
    PRIMARY KEY (execution_key, event_id)
) PARTITION BY RANGE (execution_key);

CREATE TABLE lambdura.events_default PARTITION OF lambdura.events DEFAULT;

-- Executions that the service could not work on, until somebody tries again.
CREATE TABLE lambdura.set_aside (
    account_id text COLLATE "C" NOT NULL,
    execution_id text COLLATE "C" NOT NULL,
    set_aside_at bigint NOT NULL,
    -- What was being done, and what went wrong.
    attempted text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, execution_id)
);

-- Asynchronous invocations of plain functions that are not done.
CREATE TABLE lambdura.async_invocations (
    async_invocation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id text COLLATE "C" NOT NULL,
    -- That of the request id.
    shard smallint NOT NULL,
    request_id text COLLATE "C" NOT NULL,
    function_name text COLLATE "C" NOT NULL,
    function_version text COLLATE "C" NOT NULL,
    invoked_arn text COLLATE "C" NOT NULL,
    client_context text COLLATE "C",
    trace_header text COLLATE "C",
    tenant_id text COLLATE "C",
    accepted_at bigint NOT NULL,
    attempts bigint NOT NULL,
    not_before_at bigint NOT NULL,
    -- Bytes, because a plain function may be given anything.
    payload bytea NOT NULL
);

CREATE INDEX async_invocations_by_account ON lambdura.async_invocations (
    account_id, async_invocation_id, shard
);

-- Those that were given up.
CREATE TABLE lambdura.dead_letters (
    dead_letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id text COLLATE "C" NOT NULL,
    request_id text COLLATE "C" NOT NULL,
    function_name text COLLATE "C" NOT NULL,
    function_version text COLLATE "C" NOT NULL,
    invoked_arn text COLLATE "C" NOT NULL,
    client_context text COLLATE "C",
    trace_header text COLLATE "C",
    tenant_id text COLLATE "C",
    accepted_at bigint NOT NULL,
    attempts bigint NOT NULL,
    not_before_at bigint NOT NULL,
    payload bytea NOT NULL,
    buried_at bigint NOT NULL,
    -- RetriesExhausted, EventAgeExceeded
    condition text COLLATE "C" NOT NULL,
    has_error boolean,
    error_type text COLLATE "C",
    error_message text COLLATE "C",
    error_data text COLLATE "C",
    error_stack_trace text COLLATE "C"
);

CREATE INDEX dead_letters_by_account ON lambdura.dead_letters (account_id, dead_letter_id);

-- How far schedules have come.
CREATE TABLE lambdura.schedule_marks (
    account_id text COLLATE "C" NOT NULL,
    schedule_arn text COLLATE "C" NOT NULL,
    -- What it was like; a schedule that is changed begins anew.
    definition text COLLATE "C" NOT NULL,
    -- Occurrences up to here are done with.
    done_until bigint NOT NULL,
    PRIMARY KEY (account_id, schedule_arn)
);

-- Raised by each change of the three tables below.
CREATE TABLE lambdura.catalogue_revisions (
    account_id text COLLATE "C" NOT NULL PRIMARY KEY,
    revision bigint NOT NULL
);

CREATE TABLE lambdura.function_versions (
    account_id text COLLATE "C" NOT NULL,
    function_name text COLLATE "C" NOT NULL,
    -- `$LATEST` or a number.
    function_version text COLLATE "C" NOT NULL,
    code_sha256 text COLLATE "C" NOT NULL,
    config_sha256 text COLLATE "C" NOT NULL,
    code_dir text COLLATE "C" NOT NULL,
    -- JSON: the API's FunctionConfiguration.
    configuration text COLLATE "C" NOT NULL,
    published_at bigint NOT NULL,
    PRIMARY KEY (account_id, function_name, function_version)
);

CREATE TABLE lambdura.aliases (
    account_id text COLLATE "C" NOT NULL,
    function_name text COLLATE "C" NOT NULL,
    alias text COLLATE "C" NOT NULL,
    function_version text COLLATE "C" NOT NULL,
    description text COLLATE "C" NOT NULL,
    routing text COLLATE "C",
    revision_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, function_name, alias)
);

CREATE TABLE lambdura.function_settings (
    account_id text COLLATE "C" NOT NULL,
    function_name text COLLATE "C" NOT NULL,
    -- JSON: tags, reserved concurrency, retries, whether the function is being deleted.
    settings text COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, function_name)
);

-- For people: executions with what happened to them.
CREATE VIEW lambdura.executions AS
SELECT
    spec.account_id,
    spec.execution_id,
    spec.execution_name,
    spec.function_name,
    spec.function_version,
    state.status,
    to_timestamp(spec.started_at / 1000.0) AS started,
    to_timestamp(state.ended_at / 1000.0) AS ended,
    state.invocation,
    state.deadline_reason AS waits_for,
    to_timestamp(state.deadline_at / 1000.0) AS waits_until,
    state.operation_count,
    state.event_id_last AS event_count,
    state.version,
    spec.input,
    state.result,
    state.error_type,
    state.error_message,
    spec.execution_key
FROM
    lambdura.execution_specs AS spec
    JOIN lambdura.execution_states AS state USING (execution_key);

CREATE VIEW lambdura.execution_operations AS
SELECT
    spec.account_id,
    spec.execution_id,
    operation.*
FROM
    lambdura.operations AS operation
    JOIN lambdura.execution_specs AS spec USING (execution_key);

CREATE VIEW lambdura.execution_events AS
SELECT
    spec.account_id,
    spec.execution_id,
    event.*
FROM
    lambdura.events AS event
    JOIN lambdura.execution_specs AS spec USING (execution_key);

-- Servers that share the database. One lives until `expires_at`, by the clock of the database.
CREATE TABLE lambdura.servers (
    account_id text COLLATE "C" NOT NULL,
    -- The run; 64 bits.
    server_id bigint NOT NULL,
    address text COLLATE "C" NOT NULL,
    -- What servers prove to each other with that they are of this database.
    secret text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    started_at bigint NOT NULL,
    is_leaving boolean NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, server_id)
) WITH (fillfactor = 50);

-- Which server drives which shard: as long as it lives, so that a server renews one row.
CREATE TABLE lambdura.shards (
    account_id text COLLATE "C" NOT NULL,
    shard smallint NOT NULL,
    server_id bigint,
    PRIMARY KEY (account_id, shard)
) WITH (fillfactor = 50);

-- Executions that another server changed, for the one that drives them.
CREATE TABLE lambdura.words (
    word_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id text COLLATE "C" NOT NULL,
    server_id bigint NOT NULL,
    execution_id text COLLATE "C" NOT NULL
);

CREATE INDEX words_by_server ON lambdura.words (account_id, server_id, word_id);

-- Archives of the code of functions, under the hash of what is in them.
CREATE TABLE lambdura.code_blobs (
    account_id text COLLATE "C" NOT NULL,
    hash text COLLATE "C" NOT NULL,
    archive bytea NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, hash)
);

-- Archives are compressed already.
ALTER TABLE lambdura.code_blobs ALTER COLUMN archive SET STORAGE EXTERNAL;
