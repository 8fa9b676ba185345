-- Version 5: executions can be looked for.

-- How many executions there are, kept up by triggers: counting a million rows would take too long.
CREATE TABLE execution_counts (
    function_name TEXT NOT NULL,
    function_version TEXT NOT NULL,
    status TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (function_name, function_version, status)
) STRICT, WITHOUT ROWID;

INSERT INTO
    execution_counts (function_name, function_version, status, count)
SELECT
    spec.function_name,
    spec.function_version,
    state.status,
    count(*)
FROM
    execution_states AS state
    JOIN execution_specs AS spec USING (execution_key)
GROUP BY
    spec.function_name,
    spec.function_version,
    state.status;

-- The specification is written before the state, and deleted after it.
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

-- Executions in a status, in the order of recording.
CREATE INDEX execution_states_by_status ON execution_states (status);

-- What comes due while an execution has not ended.
CREATE INDEX execution_states_waking ON execution_states (deadline_at)
WHERE
    deadline_at IS NOT NULL
    AND deadline_reason <> 'RETENTION_ELAPSED';

-- What executions are at: small, because an operation leaves it when it ends.
CREATE INDEX operations_open ON operations (type, execution_key)
WHERE
    ended_at IS NULL
    AND type NOT IN ('EXECUTION', 'CONTEXT');

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
