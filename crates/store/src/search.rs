//! Searches for people: everything here is read, never acted upon.
//!
//! Payloads are left out, and their sizes stand in: a page of a hundred executions must not read a hundred inputs of
//! megabytes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use engine::Execution;
use model::{
    Deadline, ErrorObject, Event, EventKind, ExecutionArn, ExecutionId, ExecutionName,
    ExecutionSpec, ExecutionState, ExecutionStatus, FunctionName, Operation, OperationDetails,
    Outcome, Payload, Timestamp, Version,
};

use crate::{StoreFuture, cut_error, name_from_around, operation_head};

/// Reads for people. They may take long, and must not delay the reads that executions wait for.
///
/// Each answer is a snapshot. Cursors stay valid while executions are added and removed: paging returns exactly once
/// each execution that is there all the time.
pub trait Search: Send + Sync + 'static {
    /// Looks for executions, newest first: in the order in which they started or were recorded,
    /// which are the same but for starts in the same moment.
    fn search(&self, search: ExecutionSearch) -> StoreFuture<'_, SearchPage>;

    /// The execution without payloads.
    fn summary(&self, id: &ExecutionId) -> StoreFuture<'_, Option<ExecutionSummary>>;

    /// How many executions there are, by function, version and status. Costs the same however many
    /// there are.
    fn counts(&self) -> StoreFuture<'_, Vec<ExecutionCount>>;

    /// Open callbacks, those of older executions first, after this one.
    fn open_callbacks(
        &self,
        function: Option<FunctionName>,
        after: Option<CallbackCursor>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<OpenCallback>>;

    /// Open callbacks with exactly this name, those of older executions first, after this one; only names that begin
    /// with [`OFFER`] are found. Costs the same however many other callbacks are open.
    fn offers(
        &self,
        name: &str,
        after: Option<CallbackCursor>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<OpenCallback>>;

    /// The next deadlines of executions that have not ended, soonest first.
    fn open_timers(&self, limit: usize) -> StoreFuture<'_, Vec<OpenTimer>>;

    /// How long invocations of the execution that have ended took together.
    fn invocation_time(&self, id: &ExecutionId) -> StoreFuture<'_, Duration>;

    /// Inputs that a function was given last, newest first, of at most [`RECENT_INPUT_BYTES_MAX`]
    /// each.
    fn recent_inputs(
        &self,
        function: &FunctionName,
        limit: usize,
    ) -> StoreFuture<'_, Vec<RecentInput>>;
}

/// The prefix of the name of a callback that offers work to any worker that asks for it; the work's name follows.
pub const OFFER: &str = "activity:";

/// Open operations that a summary lists; there may be more.
pub const OPEN_OPERATIONS_MAX: usize = 4;

/// Which executions to look for. All that is set must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExecutionSearch {
    /// Only of this function.
    pub function: Option<FunctionName>,
    /// Only pinned to this version.
    pub version: Option<Version>,
    /// Only with this name.
    pub name: Option<ExecutionName>,
    /// Only with a name that contains this, in upper or lower case (of ASCII).
    pub name_contains: Option<String>,
    /// Only with this in the input, the result, or the error's type or message, in upper or lower
    /// case (of ASCII).
    pub text: Option<String>,
    /// Only in one of these; empty: in any.
    pub statuses: Vec<ExecutionStatus>,
    /// Only started after this instant, exclusive.
    pub started_after: Option<Timestamp>,
    /// Only started before this instant, exclusive.
    pub started_before: Option<Timestamp>,
    /// Where the search before this one ended.
    pub after: Option<SearchCursor>,
    /// Executions at the most; at least one.
    pub limit: usize,
    /// How much to look at before giving a partial answer: each execution counts as
    /// [`EXECUTION_WORK`], each byte of text as one.
    pub work_max: u64,
}

/// The cost of looking at one execution, in bytes of text that could be searched instead.
pub const EXECUTION_WORK: u64 = 256;

/// A place in a search: the last execution that was looked at. Places of one search mean nothing in
/// another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SearchCursor {
    /// When it started.
    pub started_at: Timestamp,
    /// Its place in the order of recording.
    pub sequence: i64,
}

/// The result of a search: the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPage {
    /// The matching executions.
    pub executions: Vec<ExecutionSummary>,
    /// Where to go on; `None` when nothing is left to look at.
    pub next: Option<SearchCursor>,
    /// Whether the page is full or everything was looked at; otherwise the work came to its bound.
    pub complete: bool,
}

/// An execution without payloads: neither input nor result, and its error is cut ([`cut_error`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionSummary {
    /// The part that is fixed at its start, without the input.
    pub spec: Arc<ExecutionSpec>,
    /// Where it stands, without the result.
    pub state: ExecutionState,
    /// Size of the input; `None` when there is none.
    pub input_bytes: Option<u64>,
    /// Size of the result; `None` when there is none.
    pub result_bytes: Option<u64>,
    /// Steps, waits, callbacks and chained invokes that have not ended, without payloads: the newest of them, at most
    /// [`OPEN_OPERATIONS_MAX`]; empty once the execution has ended.
    pub open_operations: Vec<Arc<Operation>>,
    /// How the last invocation failed, if those before it failed too or it was the first: why the execution does not
    /// come on. Cut ([`cut_error`]).
    pub invocation_error: Option<ErrorObject>,
}

impl ExecutionSummary {
    /// The summary of a whole execution with its history, as a store must give it.
    pub fn of(execution: &Execution, events: &[Event]) -> Self {
        let mut spec = (*execution.spec).clone();
        let mut state = execution.state.clone();
        let input_bytes = spec.input.take().map(|input| input.len() as u64);
        let mut result_bytes = None;
        match &mut state.outcome {
            None => {}
            Some(Outcome::Succeeded(result)) => {
                result_bytes = result.take().map(|result| result.len() as u64);
            }
            Some(Outcome::Failed(error) | Outcome::TimedOut(error) | Outcome::Stopped(error)) => {
                cut_error(error);
            }
        }
        let mut open_operations = Vec::new();
        if !state.status().is_terminal() {
            let open =
                |operation: &&Arc<Operation>| operation.ended_at.is_none() && is_work(operation);
            let open = execution.operations().filter(open).rev();
            let open = open.take(OPEN_OPERATIONS_MAX);
            let shown = |operation| {
                let mut head = operation_head(operation);
                name_in(execution, &mut head);
                Arc::new(head)
            };
            open_operations.extend(open.map(|operation| shown(operation)));
        }
        let mut invocation_error = None;
        if state.failed_invocations > 0 {
            invocation_error = events.iter().rev().find_map(invocation_error_of).cloned();
            invocation_error.iter_mut().for_each(cut_error);
        }
        Self {
            spec: Arc::new(spec),
            state,
            input_bytes,
            result_bytes,
            open_operations,
            invocation_error,
        }
    }
}

/// As [`name_from_around`], where the whole execution is at hand.
pub(crate) fn name_in(execution: &Execution, operation: &mut Operation) {
    let Ok(()) = name_from_around(operation, |around| {
        let around = execution.operation(around);
        Ok::<_, Infallible>(around.and_then(|it| it.name.clone()))
    });
}

fn invocation_error_of(event: &Event) -> Option<&ErrorObject> {
    match &event.kind {
        EventKind::InvocationCompleted { error, .. } => error.as_ref(),
        _ => None,
    }
}

/// Whether it does work itself, and is not a container of others.
fn is_work(operation: &Operation) -> bool {
    match operation.details {
        OperationDetails::Execution { .. } | OperationDetails::Context { .. } => false,
        OperationDetails::Step { .. }
        | OperationDetails::Wait { .. }
        | OperationDetails::Callback { .. }
        | OperationDetails::ChainedInvoke { .. } => true,
    }
}

/// How many executions of a version are in a status.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExecutionCount {
    /// The function.
    pub function: FunctionName,
    /// The version that they are pinned to.
    pub version: Version,
    /// The status.
    pub status: ExecutionStatus,
    /// How many; at least one.
    pub count: u64,
}

/// A place in the list of open callbacks: the last one that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallbackCursor {
    /// The execution's place in the order of recording.
    pub execution: i64,
    /// The operation's place in the order of recording.
    pub operation: i64,
}

/// A callback that has not been answered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCallback {
    /// Its place in the list.
    pub cursor: CallbackCursor,
    /// The execution that waits for it.
    pub arn: ExecutionArn,
    /// Where that execution stands.
    pub execution_status: ExecutionStatus,
    /// The callback; without a name of its own it has that of the context around it.
    pub operation: Arc<Operation>,
}

/// The next deadline of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTimer {
    /// The execution.
    pub arn: ExecutionArn,
    /// When, and why.
    pub deadline: Deadline,
    /// The name of the operation that it is about.
    pub operation_name: Option<String>,
}

/// An input that a function was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentInput {
    /// When.
    pub started_at: Timestamp,
    /// The execution.
    pub name: ExecutionName,
    /// The input.
    pub input: Payload,
}

/// Largest input that [`Search::recent_inputs`] gives, in bytes: as much as a person still reads.
pub const RECENT_INPUT_BYTES_MAX: usize = 64 * 1024;
