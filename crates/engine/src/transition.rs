//! The result of an input: records, effects, and the answer for the sender.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{
    CheckpointToken, Deadline, Event, ExecutionSpec, ExecutionState, ExecutionStatus, Operation,
    OperationId, Timestamp,
};

use crate::Execution;

/// A change of one execution, to be committed whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The execution's fixed part.
    pub spec: Arc<ExecutionSpec>,
    /// The version that this transition was made from; zero creates the execution.
    pub from_version: u64,
    /// The status of that version; `None` when there is no such execution yet. A store that has found the version need
    /// not ask for it.
    pub from_status: Option<ExecutionStatus>,
    /// The state afterwards.
    pub state: ExecutionState,
    /// Operations as they are afterwards, each once. New ones come in the order in which they
    /// started, so that appending them keeps the execution's operations in start order.
    pub operations: Vec<Arc<Operation>>,
    /// Events to append.
    pub events: Vec<Event>,
    /// What to do once the records are durable. Each is safe to repeat.
    pub effects: Vec<Effect>,
    /// The answer for the sender of the input.
    pub answer: Answer,
    /// Whether the record has been kept long enough and is to be removed.
    pub removes: bool,
    /// Deadlines that no longer hold.
    pub(crate) deadlines_removed: BTreeSet<Deadline>,
    /// Deadlines that hold from now on.
    pub(crate) deadlines_added: BTreeSet<Deadline>,
}

impl Transition {
    /// Writes a whole execution into a store that does not have it, exactly as it stands: its version, its token, its
    /// deadlines. It has no effects; a server that starts on that store takes the execution up.
    ///
    /// # Panics
    /// When the events are not all of its history.
    pub fn whole(execution: &Execution, events: Vec<Event>) -> Self {
        assert_eq!(
            events.len() as u64,
            execution.state.event_id_last,
            "a whole execution has its whole history"
        );
        Self {
            spec: Arc::clone(&execution.spec),
            from_version: 0,
            from_status: None,
            state: execution.state.clone(),
            operations: execution.operations().cloned().collect(),
            events,
            effects: Vec::new(),
            answer: Answer::Done,
            removes: false,
            deadlines_removed: BTreeSet::new(),
            deadlines_added: execution.deadlines().cloned().collect(),
        }
    }

    /// Whether there is nothing to commit: the input changed nothing.
    pub fn is_empty(&self) -> bool {
        self.state.version == self.from_version && !self.removes
    }
}

/// Something to do after the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Invoke the function with the state as committed.
    Invoke,
    /// Start the function of a chained invoke, unless that was done already.
    StartChainedInvoke(OperationId),
    /// Tell the callers and the parent execution that wait for the end.
    Closed,
}

/// The answer to the sender of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Nothing beyond success.
    Done,
    /// The answer to a checkpoint.
    Checkpoint {
        /// The token of the next checkpoint; `None` when there must be no next one.
        token: Option<CheckpointToken>,
        /// Everything that changed since the invocation was last told.
        operations: Vec<Arc<Operation>>,
    },
    /// The answer to a stop: when the execution ended, by this or by something earlier.
    Stopped {
        /// When.
        at: Timestamp,
    },
}
