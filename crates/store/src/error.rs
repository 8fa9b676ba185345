//! How a store can fail.

use model::{ExecutionArn, ExecutionId};
use thiserror::Error;

/// The world failed: the disk is full, the file is locked, the page is corrupt. Nothing that was
/// acknowledged is lost, and nothing of the failed call is half there.
#[derive(Debug, Error)]
#[error("{attempted}")]
pub struct StoreFault {
    /// What was being done, with its ids: `commit execution …`, `read events of …`.
    pub attempted: String,
    /// Whether the same call may succeed later without anybody changing anything.
    pub retryable: bool,
    /// What the database said.
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

impl StoreFault {
    /// The fault of every call after [`crate::Store::close`].
    pub fn closed(attempted: impl Into<String>) -> Self {
        Self {
            attempted: attempted.into(),
            retryable: false,
            cause: "the store is closed".into(),
        }
    }
}

/// Why a transition was not committed.
#[derive(Debug, Error)]
pub enum CommitError {
    /// Somebody else changed the execution: load it again and apply the input to what it is now.
    #[error("execution `{0}` was changed by another writer")]
    VersionConflict(ExecutionId),
    /// An execution of this function has that name already.
    #[error("an execution with this name exists: `{0}`")]
    NameTaken(Box<ExecutionArn>),
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] StoreFault),
}
