//! How the driver can fail.

use engine::Rejection;
use model::{ExecutionArn, ExecutionId};
use store::StoreFault;
use thiserror::Error;

/// Why an input was not processed.
#[derive(Debug, Error)]
pub enum ProcessError {
    /// The store has no such execution.
    #[error("execution `{0}` does not exist")]
    UnknownExecution(ExecutionId),
    /// The input is refused.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Other writers changed the execution again and again; the same request may succeed later.
    #[error("execution `{0}` is being changed by others")]
    Contended(ExecutionId),
    /// The execution cannot be worked on, and is left alone until an operator has it tried again.
    #[error("execution `{id}` is set aside, because this failed: {reason}")]
    SetAside {
        /// Which.
        id: ExecutionId,
        /// The attempt, and its failure.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] StoreFault),
    /// The driver is shutting down.
    #[error("the service is shutting down")]
    ShuttingDown,
}

/// Why an execution was not started.
#[derive(Debug, Error)]
pub enum StartError {
    /// An execution with this name was started with another input or version.
    #[error("Execution already started: {0}")]
    AlreadyStarted(Box<ExecutionArn>),
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] StoreFault),
    /// The driver is shutting down.
    #[error("the service is shutting down")]
    ShuttingDown,
}
