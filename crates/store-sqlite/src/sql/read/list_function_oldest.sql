-- A page of executions of one function, oldest first. The row where the page before ended comes as
-- ?7 and ?8; the condition on ?7 alone lets the index find the place.
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
    LEFT JOIN execution_outcomes AS outcome USING (execution_key)
WHERE
    spec.function_name = ?1
    AND (?2 IS NULL OR spec.function_version = ?2)
    AND (?3 IS NULL OR spec.execution_name = ?3)
    -- A list of statuses, each between commas.
    AND (?4 IS NULL OR instr(?4, ',' || state.status || ',') > 0)
    AND (?5 IS NULL OR spec.started_at > ?5)
    AND (?6 IS NULL OR spec.started_at < ?6)
    AND spec.started_at >= ?7
    AND (spec.started_at, spec.execution_id) > (?7, ?8)
ORDER BY
    spec.started_at ASC,
    spec.execution_id ASC
LIMIT
    ?9;
