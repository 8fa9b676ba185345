-- Version 7: an invocation names the run of the server that drives it; what the service changed is numbered
-- instead of listed anew with every state; executions that cannot be worked on are set aside.

-- The run that drives the active invocation; 64 bits, the sign has no meaning. NULL: an earlier run.
ALTER TABLE execution_states ADD COLUMN invocation_owner INTEGER;

-- Failures in a row that count towards giving up: all but timeouts and crashes.
ALTER TABLE execution_states ADD COLUMN counted_failures INTEGER NOT NULL DEFAULT 0;

-- The changes that the service made to operations, counted; how many of them an invocation was told; and how
-- many of those to an invocation that ended well.
ALTER TABLE execution_states ADD COLUMN service_changes INTEGER NOT NULL DEFAULT 0;

ALTER TABLE execution_states ADD COLUMN told_changes INTEGER NOT NULL DEFAULT 0;

ALTER TABLE execution_states ADD COLUMN settled_changes INTEGER NOT NULL DEFAULT 0;

-- The number of the last change by the service; zero: only the function has changed it.
ALTER TABLE operations ADD COLUMN service_change INTEGER NOT NULL DEFAULT 0;

UPDATE execution_states
SET
    counted_failures = failed_invocations;

-- What had been told comes first, then what had not: their places in the two lists become their numbers.
UPDATE operations
SET
    service_change = coalesce(
        (
            SELECT
                listed.key + 1
            FROM
                execution_states AS state,
                json_each('["' || replace(concat_ws(',', state.offered, state.unseen), ',', '","') || '"]') AS listed
            WHERE
                state.execution_key = operations.execution_key
                AND listed.value = operations.operation_id
            ORDER BY
                listed.key DESC
            LIMIT
                1
        ),
        0
    )
WHERE
    execution_key IN (
        SELECT execution_key FROM execution_states
        WHERE offered IS NOT NULL OR unseen IS NOT NULL
    );

UPDATE execution_states
SET
    told_changes = coalesce(length(offered) - length(replace(offered, ',', '')) + 1, 0),
    service_changes = coalesce(length(offered) - length(replace(offered, ',', '')) + 1, 0)
        + coalesce(length(unseen) - length(replace(unseen, ',', '')) + 1, 0)
WHERE
    offered IS NOT NULL
    OR unseen IS NOT NULL;

-- Executions that the service could not work on: it leaves them alone until somebody tries again.
CREATE TABLE set_aside (
    execution_id TEXT NOT NULL PRIMARY KEY,
    set_aside_at INTEGER NOT NULL,
    -- What was being done, and what went wrong.
    attempted TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A view's columns are fixed when it is created.
DROP VIEW execution_records;

DROP VIEW execution_summaries;

DROP VIEW execution_operations;

ALTER TABLE execution_states DROP COLUMN unseen;

ALTER TABLE execution_states DROP COLUMN offered;

CREATE VIEW execution_operations AS
SELECT
    spec.execution_id,
    operation.*
FROM
    operations AS operation
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
