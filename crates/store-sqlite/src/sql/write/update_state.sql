-- The state after a transition, where it is at the version that the transition was made from (?33).
-- Touches no indexed column: SQLite would rewrite the index even for an equal value.
UPDATE execution_states
SET
    version = ?2,
    status = ?3,
    ended_at = ?4,
    terminal_event_owed = ?5,
    event_id_last = ?6,
    invocation = ?7,
    invocation_number = ?8,
    invocation_request_id = ?9,
    invocation_nonce = ?10,
    invocation_at = ?11,
    invocation_count = ?12,
    token_sequence = ?13,
    last_checkpoint_client_token = ?14,
    last_checkpoint_token_sequence = ?15,
    last_checkpoint_answered = ?16,
    unseen = ?17,
    offered = ?18,
    failed_invocations = ?19,
    invalid_pendings = ?20,
    operation_count = ?21,
    pending_count = ?22,
    open_chained_invokes = ?23,
    bytes = ?24,
    pause_requested_at = ?25,
    pause_reason = ?26,
    pause_client_token = ?27,
    pause_stops_timeout = ?28,
    paused_at = ?29,
    pause_owes_invocation = ?30,
    timeout_paused_millis = ?31,
    resume_client_token = ?32
WHERE
    execution_key = ?1
    AND version = ?33;
