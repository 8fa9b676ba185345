//! The writer's jobs, and its answers.

use store::CommitError;
use tokio::sync::oneshot;

pub(crate) use store::{StoreWrite as Write, WriteDomain as Domain, Written};

/// One write with the place for its answer.
#[derive(Debug)]
pub(crate) struct Job {
    pub write: Write,
    pub answer: oneshot::Sender<Outcome>,
}

/// The outcome of a write.
pub(crate) type Outcome = Result<Written, CommitError>;
