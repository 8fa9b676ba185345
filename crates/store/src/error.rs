//! How a store can fail.

use model::{ExecutionArn, ExecutionId, FunctionName, Version};
use thiserror::Error;

/// The world failed: the disk is full, the file is locked, the page is corrupt. Nothing that was
/// acknowledged is lost, and nothing of the failed call is half there: it is not there at all, unless
/// `outcome_unknown` says that it may be there whole.
#[derive(Debug, Error)]
#[error("{attempted}")]
pub struct StoreFault {
    /// The attempted call, with its ids: `commit execution …`, `read events of …`.
    pub attempted: String,
    /// Whether the same call may succeed later without any repair.
    pub retryable: bool,
    /// Whether the write may be stored all the same: the database failed while it was committing, and could not be
    /// asked afterwards. A caller that needs to know reads it when that works again.
    pub outcome_unknown: bool,
    /// The database's error.
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

impl StoreFault {
    /// A fault after which nothing of the call is there.
    pub fn new(
        attempted: impl Into<String>,
        retryable: bool,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            attempted: attempted.into(),
            retryable,
            outcome_unknown: false,
            cause: cause.into(),
        }
    }

    /// The same fault, after which the call may have been done or not.
    #[must_use]
    pub fn with_outcome_unknown(self) -> Self {
        Self {
            outcome_unknown: true,
            ..self
        }
    }

    /// The fault of publishing a version that is published already.
    pub fn published_already(function: &FunctionName, version: &Version) -> Self {
        Self::new(
            format!("record version {version} of function `{function}`"),
            false,
            "the version is published already, and a published version is frozen",
        )
    }

    /// The fault of every call after [`crate::Store::close`].
    pub fn closed(attempted: impl Into<String>) -> Self {
        Self::new(attempted, false, "the store is closed")
    }
}

/// Why a transition was not committed.
#[derive(Debug, Error)]
pub enum CommitError {
    /// Another caller changed the execution: load it again and apply the input to its new state.
    #[error("execution `{0}` was changed by another writer")]
    VersionConflict(ExecutionId),
    /// An execution of this function has that name already.
    #[error("an execution with this name exists: `{0}`")]
    NameTaken(Box<ExecutionArn>),
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] StoreFault),
}
