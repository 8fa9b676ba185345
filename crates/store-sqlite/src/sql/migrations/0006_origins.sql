-- Version 6: what started an execution, where an event source did; and the trace of a chained invoke.

-- HTTP_API, REST_API, FUNCTION_URL, SCHEDULE; NULL: a call of Invoke, or a chained invoke.
ALTER TABLE execution_specs ADD COLUMN event_source TEXT;

-- An API with its route, a function URL or a schedule.
ALTER TABLE execution_specs ADD COLUMN event_source_name TEXT;

-- CHAINED_INVOKE; NULL: the trace of the execution.
ALTER TABLE operations ADD COLUMN trace_header TEXT;

-- A view's columns are fixed when it is created.
DROP VIEW execution_operations;

CREATE VIEW execution_operations AS
SELECT
    spec.execution_id,
    operation.*
FROM
    operations AS operation
    JOIN execution_specs AS spec USING (execution_key);

DROP VIEW execution_records;

DROP VIEW execution_summaries;

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

-- As `execution_records`, with sizes in the place of payloads.
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
    NULL AS error_data,
    NULL AS error_stack_trace,
    NULL AS result,
    octet_length(spec.input) AS input_bytes,
    octet_length(outcome.result) AS result_bytes
FROM
    execution_specs AS spec
    JOIN execution_states AS state USING (execution_key)
    LEFT JOIN execution_outcomes AS outcome USING (execution_key);
