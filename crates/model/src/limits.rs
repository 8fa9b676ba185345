//! Limits, as named settings.

/// The service's limits. Every number is enforced with an error, never by truncation.
///
/// Source: the Lambda quotas page, durable functions table, and the protocol notes of the official
/// SDKs, read 2026-11. Where sources disagree, the larger one is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Operations per execution, the EXECUTION operation included.
    pub operations_max: u32,
    /// Payload bytes recorded per execution.
    pub execution_bytes_max: u64,
    /// Payload of a STEP's result or state, in bytes.
    pub step_payload_bytes_max: usize,
    /// Payload of a CONTEXT's result, in bytes.
    pub context_payload_bytes_max: usize,
    /// Input of a chained invoke, in bytes.
    pub chained_input_bytes_max: usize,
    /// Result of an execution without a waiting caller, and of a chained invoke, in bytes.
    pub async_result_bytes_max: usize,
    /// Result of an execution whose caller waits, in bytes.
    pub sync_result_bytes_max: usize,
    /// Text of one error object, in bytes.
    pub error_bytes_max: usize,
    /// Result of a callback, in bytes.
    pub callback_result_bytes_max: usize,
    /// Invocations that may fail in a row before the execution does. AWS publishes no number; its
    /// local emulator gives up after five at a constant five seconds. Ours back off from one second
    /// to a minute, so eight take about three minutes.
    pub failed_invocations_max: u32,
    /// PENDING answers with nothing pending in a row before the execution fails (as the emulator).
    pub invalid_pendings_max: u32,
}

impl Limits {
    /// The published quotas.
    pub const AWS: Self = Self {
        operations_max: 3_000,
        execution_bytes_max: 100 * 1024 * 1024,
        step_payload_bytes_max: 256 * 1024,
        context_payload_bytes_max: 1024 * 1024,
        chained_input_bytes_max: 1024 * 1024,
        async_result_bytes_max: 1024 * 1024,
        sync_result_bytes_max: 6 * 1024 * 1024,
        error_bytes_max: 256 * 1024,
        callback_result_bytes_max: 1024 * 1024,
        failed_invocations_max: 8,
        invalid_pendings_max: 3,
    };

    /// No quota on what one execution may record. What one request may carry stays bounded, because
    /// every request is held in memory, and so do the counts that end a function in a loop.
    pub const UNBOUNDED: Self = Self {
        operations_max: u32::MAX,
        execution_bytes_max: u64::MAX,
        step_payload_bytes_max: 6 * 1024 * 1024,
        context_payload_bytes_max: 6 * 1024 * 1024,
        chained_input_bytes_max: 6 * 1024 * 1024,
        async_result_bytes_max: 6 * 1024 * 1024,
        error_bytes_max: 1024 * 1024,
        ..Self::AWS
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::AWS
    }
}
