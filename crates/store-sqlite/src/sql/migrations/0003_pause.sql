-- Version 3: executions can be paused.
--
-- Statuses PAUSING and PAUSED; events ExecutionPaused and ExecutionResumed, whose reason is their
-- payload.

-- The pause that was requested; `paused_at` is NULL until it is in effect.
ALTER TABLE execution_states ADD COLUMN pause_requested_at INTEGER;

ALTER TABLE execution_states ADD COLUMN pause_reason TEXT;

ALTER TABLE execution_states ADD COLUMN pause_client_token TEXT;

ALTER TABLE execution_states ADD COLUMN pause_stops_timeout INTEGER;

ALTER TABLE execution_states ADD COLUMN paused_at INTEGER;

ALTER TABLE execution_states ADD COLUMN pause_owes_invocation INTEGER;

-- How long the execution timeout stood still in pauses that are over.
ALTER TABLE execution_states ADD COLUMN timeout_paused_millis INTEGER NOT NULL DEFAULT 0;

-- Makes a retry of the last resume recognisable.
ALTER TABLE execution_states ADD COLUMN resume_client_token TEXT;

ALTER TABLE events ADD COLUMN requested_at INTEGER;

ALTER TABLE events ADD COLUMN execution_timeout_paused INTEGER;

-- A view's columns are fixed when it is created.
DROP VIEW execution_events;

CREATE VIEW execution_events AS
SELECT
    spec.execution_id,
    event.*
FROM
    events AS event
    JOIN execution_specs AS spec USING (execution_key);

-- Everything of an execution but its operations and events, in the order in which the program reads
-- it: every query for executions is one over this view.
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
    state.invocation_count,
    state.token_sequence,
    state.last_checkpoint_client_token,
    state.last_checkpoint_token_sequence,
    state.last_checkpoint_answered,
    state.unseen,
    state.offered,
    state.failed_invocations,
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
