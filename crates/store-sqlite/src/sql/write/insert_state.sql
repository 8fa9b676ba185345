-- The state of an execution that starts. The first 34 are bound as in update_state.sql, the last as in
-- update_schedule.sql.
INSERT INTO
    execution_states (
        execution_key, version, ended_at, terminal_event_owed, event_id_last, invocation,
        invocation_number, invocation_request_id, invocation_nonce, invocation_at, invocation_owner,
        invocation_count, token_sequence, last_checkpoint_client_token,
        last_checkpoint_token_sequence, last_checkpoint_answered, service_changes, told_changes,
        settled_changes, failed_invocations, counted_failures, invalid_pendings, operation_count,
        pending_count, open_chained_invokes, bytes, pause_requested_at, pause_reason,
        pause_client_token, pause_stops_timeout, paused_at, pause_owes_invocation,
        timeout_paused_millis, resume_client_token, deadline_at, deadline_reason,
        deadline_operation_id, owes_work, status
    )
VALUES
    (
        ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
        ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38,
        ?39
    );
