//! A write that the store refuses.

use store::{CommitError, StoreFault};

/// A write that was refused before it changed anything, so that the others of its batch stand.
#[derive(Debug)]
pub(crate) enum Refusal {
    Conflict(CommitError),
    Fault(StoreFault),
}

impl From<Refusal> for CommitError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Conflict(error) => error,
            Refusal::Fault(fault) => Self::Fault(fault),
        }
    }
}
