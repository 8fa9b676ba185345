//! Deadlines: they come due without any request.

use serde::{Deserialize, Serialize};

use crate::{OperationId, Timestamp};

/// An instant at which the service has to act, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Deadline {
    /// When.
    pub at: Timestamp,
    /// The reason: answers "what is it waiting for" in logs, tests and the command line.
    pub reason: DeadlineReason,
}

/// Why a deadline exists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DeadlineReason {
    /// The execution has run for its execution timeout.
    ExecutionTimeout,
    /// A wait is over.
    WaitElapsed(OperationId),
    /// A step's next attempt is due.
    StepRetry(OperationId),
    /// A callback was not completed in time.
    CallbackTimeout(OperationId),
    /// A callback gave no sign of life in time.
    CallbackHeartbeat(OperationId),
    /// The function is invoked again after a failed invocation.
    InvocationRetry,
    /// The record of an ended execution has been kept long enough.
    RetentionElapsed,
}

impl DeadlineReason {
    /// The operation that it is about, if it is about one.
    pub const fn operation_id(&self) -> Option<&OperationId> {
        match self {
            Self::WaitElapsed(id)
            | Self::StepRetry(id)
            | Self::CallbackTimeout(id)
            | Self::CallbackHeartbeat(id) => Some(id),
            Self::ExecutionTimeout | Self::InvocationRetry | Self::RetentionElapsed => None,
        }
    }
}
