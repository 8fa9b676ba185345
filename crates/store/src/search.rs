//! What people look for among executions: everything here is read, never acted upon.
//!
//! Payloads are left out, and their sizes stand in: a page of a hundred executions must not read a
//! hundred inputs of megabytes.

use std::sync::Arc;
use std::time::Duration;

use engine::Execution;
use model::{
    Deadline, ErrorObject, Event, EventKind, ExecutionArn, ExecutionName, ExecutionSpec,
    ExecutionState, ExecutionStatus, FunctionName, Operation, OperationDetails, Outcome, Payload,
    Timestamp, Version,
};

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

/// What looking at one execution costs, in bytes of text that could be searched instead.
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

/// What a search found: the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPage {
    /// Those that match.
    pub executions: Vec<ExecutionSummary>,
    /// Where to go on; none when nothing is left to look at.
    pub next: Option<SearchCursor>,
    /// Whether the page is full or everything was looked at; otherwise the work came to its bound.
    pub complete: bool,
}

/// An execution without payloads: neither input nor result, and its error is cut ([`cut_error`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionSummary {
    /// What was fixed at its start, without the input.
    pub spec: Arc<ExecutionSpec>,
    /// Where it stands, without the result.
    pub state: ExecutionState,
    /// Size of the input; none when there is none.
    pub input_bytes: Option<u64>,
    /// Size of the result; none when there is none.
    pub result_bytes: Option<u64>,
    /// Steps, waits, callbacks and chained invokes that have not ended, without payloads: the newest of them, at most
    /// [`OPEN_OPERATIONS_MAX`]; none once the execution has ended.
    pub open_operations: Vec<Arc<Operation>>,
}

impl ExecutionSummary {
    /// The summary of a whole execution: what a store must give for it.
    pub fn of(execution: &Execution) -> Self {
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
            open_operations.extend(open.map(|operation| Arc::new(operation_head(operation))));
        }
        Self {
            spec: Arc::new(spec),
            state,
            input_bytes,
            result_bytes,
            open_operations,
        }
    }
}

/// Whether it is an operation that something happens in, and not one that others lie in.
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

/// A callback that nobody has answered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCallback {
    /// Its place in the list.
    pub cursor: CallbackCursor,
    /// The execution that waits for it.
    pub arn: ExecutionArn,
    /// Where that execution stands.
    pub execution_status: ExecutionStatus,
    /// The callback.
    pub operation: Arc<Operation>,
}

/// What comes due next in an execution.
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

/// Largest input that [`Store::recent_inputs`](crate::Store::recent_inputs) gives, in bytes: what a
/// person still reads.
pub const RECENT_INPUT_BYTES_MAX: usize = 64 * 1024;

/// What a store has done since it was opened, and how large it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreStats {
    /// Transactions that were committed.
    pub commits: u64,
    /// Writes in them.
    pub writes: u64,
    /// Transactions that failed for a reason that the next one may meet as well, such as a full disk.
    pub failed_commits: u64,
    /// How long half of the commits took at the most: the time until they were durable.
    pub commit_p50: Option<Duration>,
    /// How long all but one in a hundred took at the most.
    pub commit_p99: Option<Duration>,
    /// Size of the database, in bytes.
    pub bytes: u64,
    /// Size of its write-ahead log, in bytes.
    pub log_bytes: u64,
    /// Rows that lists left out because they could not be decoded.
    pub unreadable_rows: u64,
}

/// Characters of an error's type and message where an execution or event is given without payloads:
/// what a line of a list shows, and more.
const ERROR_CHARS_MAX: usize = 500;

/// Takes from an error what may be large: its data, its stack, and the rest of a long message or type.
pub fn cut_error(error: &mut ErrorObject) {
    error.data = None;
    error.stack_trace = None;
    for text in [&mut error.message, &mut error.error_type]
        .into_iter()
        .flatten()
    {
        if let Some((end, _)) = text.char_indices().nth(ERROR_CHARS_MAX) {
            text.truncate(end);
            text.push('…');
        }
    }
}

/// The operation without payloads, and with its error cut.
pub fn operation_head(operation: &Operation) -> Operation {
    let mut head = operation.clone();
    match &mut head.details {
        OperationDetails::Execution { input } => *input = None,
        OperationDetails::Wait { .. } => {}
        OperationDetails::ChainedInvoke {
            input,
            result,
            error,
            ..
        } => {
            *input = None;
            *result = None;
            if let Some(error) = error {
                cut_error(error);
            }
        }
        OperationDetails::Context { result, error, .. }
        | OperationDetails::Step { result, error, .. }
        | OperationDetails::Callback { result, error, .. } => {
            *result = None;
            if let Some(error) = error {
                cut_error(error);
            }
        }
    }
    head
}

/// Bytes of an event's payload and error: what [`EventPage`](crate::EventPage) counts.
pub fn event_bytes(event: &Event) -> usize {
    use EventKind as Kind;
    match &event.kind {
        Kind::ExecutionStarted { input: payload, .. }
        | Kind::ExecutionSucceeded { result: payload }
        | Kind::ExecutionPaused {
            reason: payload, ..
        }
        | Kind::ExecutionResumed {
            reason: payload, ..
        }
        | Kind::ContextSucceeded { result: payload }
        | Kind::StepSucceeded {
            result: payload, ..
        }
        | Kind::CallbackSucceeded { result: payload }
        | Kind::ChainedInvokeStarted { input: payload, .. }
        | Kind::ChainedInvokeSucceeded { result: payload } => {
            payload.as_ref().map_or(0, Payload::len)
        }
        Kind::ExecutionFailed { error }
        | Kind::ExecutionTimedOut { error }
        | Kind::ExecutionStopped { error }
        | Kind::ContextFailed { error }
        | Kind::StepFailed { error, .. }
        | Kind::CallbackFailed { error }
        | Kind::CallbackTimedOut { error }
        | Kind::ChainedInvokeFailed { error }
        | Kind::ChainedInvokeTimedOut { error }
        | Kind::ChainedInvokeStopped { error } => error.len(),
        Kind::WaitCancelled { error } | Kind::InvocationCompleted { error, .. } => {
            error.as_ref().map_or(0, ErrorObject::len)
        }
        Kind::ContextStarted
        | Kind::StepStarted
        | Kind::WaitStarted { .. }
        | Kind::WaitSucceeded { .. }
        | Kind::CallbackStarted { .. } => 0,
    }
}

/// The event without payloads, and with its error cut: what a store must give for it in
/// [`Store::event_heads`](crate::Store::event_heads). The reason of a pause stays.
pub fn event_head(event: &Event) -> Event {
    use EventKind as Kind;
    let mut event = event.clone();
    match &mut event.kind {
        Kind::ExecutionStarted { input: payload, .. }
        | Kind::ExecutionSucceeded { result: payload }
        | Kind::ContextSucceeded { result: payload }
        | Kind::StepSucceeded {
            result: payload, ..
        }
        | Kind::CallbackSucceeded { result: payload }
        | Kind::ChainedInvokeStarted { input: payload, .. }
        | Kind::ChainedInvokeSucceeded { result: payload } => *payload = None,
        Kind::ExecutionFailed { error }
        | Kind::ExecutionTimedOut { error }
        | Kind::ExecutionStopped { error }
        | Kind::ContextFailed { error }
        | Kind::StepFailed { error, .. }
        | Kind::CallbackFailed { error }
        | Kind::CallbackTimedOut { error }
        | Kind::ChainedInvokeFailed { error }
        | Kind::ChainedInvokeTimedOut { error }
        | Kind::ChainedInvokeStopped { error } => cut_error(error),
        Kind::WaitCancelled { error } | Kind::InvocationCompleted { error, .. } => {
            if let Some(error) = error {
                cut_error(error);
            }
        }
        Kind::ExecutionPaused { .. }
        | Kind::ExecutionResumed { .. }
        | Kind::ContextStarted
        | Kind::StepStarted
        | Kind::WaitStarted { .. }
        | Kind::WaitSucceeded { .. }
        | Kind::CallbackStarted { .. } => {}
    }
    event
}
