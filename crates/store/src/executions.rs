//! Executions: the transitions that make and change them, and how they are read.

use std::sync::Arc;

use engine::{Execution, Transition};
use model::{
    ExecutionArn, ExecutionId, ExecutionName, ExecutionSpec, ExecutionState, ExecutionStatus,
    FunctionName, Timestamp, Version,
};

use crate::{CommitError, StoreFuture};

/// Executions. Only a transition changes one.
///
/// - **Fenced:** a transition made from version *n* is refused unless *n* is the stored version, whichever server has
///   changed it.
/// - **Not idempotent:** committing a transition again is a version conflict, unless it is empty. A
///   caller that does not know whether its commit succeeded loads the execution.
/// - **Consistent:** the parts returned of an execution are of one version. The entries of a list may be
///   of different moments.
pub trait Executions: Send + Sync + 'static {
    /// Writes a transition: state, operations, events; or removes the execution with everything of
    /// it when the transition says so. One that changes nothing ([`Transition::is_empty`]) is fenced
    /// and takes its turn like any other.
    ///
    /// # Errors
    /// [`CommitError::VersionConflict`] when the execution is not at `from_version`,
    /// [`CommitError::NameTaken`] when a start's name is in use within the function,
    /// [`CommitError::Fault`] when the store fails.
    fn commit(&self, transition: Arc<Transition>) -> StoreFuture<'_, (), CommitError>;

    /// The whole execution; `None` when it does not exist.
    fn load(&self, id: &ExecutionId) -> StoreFuture<'_, Option<Execution>>;

    /// The execution without its operations.
    fn record(&self, id: &ExecutionId) -> StoreFuture<'_, Option<ExecutionRecord>>;

    /// The part of the execution that a check needs; `None` when it does not exist.
    fn head(&self, id: &ExecutionId) -> StoreFuture<'_, Option<ExecutionHead>>;

    /// As [`Executions::head`], of the execution of this function with this name.
    fn head_by_name(
        &self,
        function: &FunctionName,
        name: &ExecutionName,
    ) -> StoreFuture<'_, Option<ExecutionHead>>;

    /// A page of executions.
    fn list(&self, filter: ExecutionFilter) -> StoreFuture<'_, Vec<ExecutionHead>>;
}

/// An execution without its operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionRecord {
    /// The part that is fixed at its start.
    pub spec: Arc<ExecutionSpec>,
    /// The part that changes.
    pub state: ExecutionState,
}

/// The part of an execution that lists and checks need: nothing in it is large, and no store reads anything large for
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionHead {
    /// Which.
    pub arn: ExecutionArn,
    /// When it started.
    pub started_at: Timestamp,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The last event of its history.
    pub event_id_last: u64,
}

impl ExecutionHead {
    /// The head of a whole record, as a store must give it.
    pub fn of(spec: &ExecutionSpec, state: &ExecutionState) -> Self {
        Self {
            arn: spec.arn.clone(),
            started_at: spec.started_at,
            status: state.status(),
            ended_at: state.ended_at,
            event_id_last: state.event_id_last,
        }
    }
}

/// Which executions of a function to list. A page is in order of start, newest first unless
/// `oldest_first`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExecutionFilter {
    /// Only of this function; `None`: of all.
    pub function: Option<FunctionName>,
    /// Only pinned to this version; `None`: to any.
    pub version: Option<Version>,
    /// Only with this name.
    pub name: Option<ExecutionName>,
    /// Only in one of these; empty: in any.
    pub statuses: Vec<ExecutionStatus>,
    /// Only started after this instant, exclusive.
    pub started_after: Option<Timestamp>,
    /// Only started before this instant, exclusive.
    pub started_before: Option<Timestamp>,
    /// Oldest first.
    pub oldest_first: bool,
    /// Where the page before this one ended.
    pub after: Option<Cursor>,
    /// Rows at the most; at least one.
    pub limit: usize,
}

/// A place in a list of executions: the last one that was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// When it started.
    pub started_at: Timestamp,
    /// Orders executions that started in the same millisecond.
    pub execution_id: ExecutionId,
}
