-- The state after a transition, where it is at the version that the transition was made from (?35).
-- Touches no indexed column: SQLite would rewrite the index even for an equal value.
UPDATE execution_states
SET
    version = ?2,
    ended_at = ?3,
    terminal_event_owed = ?4,
    event_id_last = ?5,
    invocation = ?6,
    invocation_number = ?7,
    invocation_request_id = ?8,
    invocation_nonce = ?9,
    invocation_at = ?10,
    invocation_owner = ?11,
    invocation_count = ?12,
    token_sequence = ?13,
    last_checkpoint_client_token = ?14,
    last_checkpoint_token_sequence = ?15,
    last_checkpoint_answered = ?16,
    service_changes = ?17,
    told_changes = ?18,
    settled_changes = ?19,
    failed_invocations = ?20,
    counted_failures = ?21,
    invalid_pendings = ?22,
    operation_count = ?23,
    pending_count = ?24,
    open_chained_invokes = ?25,
    bytes = ?26,
    pause_requested_at = ?27,
    pause_reason = ?28,
    pause_client_token = ?29,
    pause_stops_timeout = ?30,
    paused_at = ?31,
    pause_owes_invocation = ?32,
    timeout_paused_millis = ?33,
    resume_client_token = ?34
WHERE
    execution_key = ?1
    AND version = ?35;
