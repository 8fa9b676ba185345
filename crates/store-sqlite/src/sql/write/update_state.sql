-- The state after a transition, where it is at the version that the transition was made from (?32).
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
    invocation_count = ?11,
    token_sequence = ?12,
    last_checkpoint_client_token = ?13,
    last_checkpoint_token_sequence = ?14,
    last_checkpoint_answered = ?15,
    unseen = ?16,
    offered = ?17,
    failed_invocations = ?18,
    invalid_pendings = ?19,
    operation_count = ?20,
    pending_count = ?21,
    open_chained_invokes = ?22,
    bytes = ?23,
    pause_requested_at = ?24,
    pause_reason = ?25,
    pause_client_token = ?26,
    pause_stops_timeout = ?27,
    paused_at = ?28,
    pause_owes_invocation = ?29,
    timeout_paused_millis = ?30,
    resume_client_token = ?31
WHERE
    execution_key = ?1
    AND version = ?32;
