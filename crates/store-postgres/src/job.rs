//! What the writer is asked to do, and how it answers.

use std::sync::Arc;

use engine::Transition;
use model::{ExecutionId, FunctionName, OperationDetails, Payload, Timestamp, Version};
use store::{
    AliasRecord, AsyncInvocation, AsyncInvocationId, CommitError, DeadLetter,
    FunctionSettingsRecord, FunctionVersionRecord, ScheduleMark, SetAside,
};
use tokio::sync::oneshot;

/// One write with the place for its answer.
#[derive(Debug)]
pub(crate) struct Job {
    pub write: Write,
    pub answer: oneshot::Sender<Outcome>,
}

/// What a write came to.
pub(crate) type Outcome = Result<Written, CommitError>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    Done,
    Enqueued(AsyncInvocationId),
}

/// One write.
#[derive(Debug)]
pub(crate) enum Write {
    Commit(Arc<Transition>),
    Enqueue(AsyncInvocation),
    EnqueueScheduled(AsyncInvocation, ScheduleMark),
    Dequeue(AsyncInvocationId),
    Postpone {
        id: AsyncInvocationId,
        attempts: u32,
        not_before: Timestamp,
    },
    Bury(AsyncInvocationId, Box<DeadLetter>),
    PutScheduleMark(ScheduleMark),
    DeleteScheduleMark(String),
    SetAside(Box<SetAside>),
    TakeBack(ExecutionId),
    PutFunctionVersion(FunctionVersionRecord),
    /// A published version, too.
    ReplaceFunctionVersion(FunctionVersionRecord),
    PutAlias(AliasRecord),
    PutFunctionSettings(FunctionSettingsRecord),
    DeleteFunctionVersion(FunctionName, Version),
    DeleteAlias(FunctionName, String),
    DeleteFunction(FunctionName),
    /// Changes nothing, durably: whether it succeeds is what is wanted to be known.
    Probe,
}

/// What a write touches: those of different domains have nothing to do with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Domain {
    Executions,
    Queue,
    Marks,
    Aside,
    Catalogue,
    Nothing,
}

impl Write {
    pub const fn domain(&self) -> Domain {
        match self {
            Self::Commit(_) => Domain::Executions,
            Self::Enqueue(_)
            | Self::EnqueueScheduled(..)
            | Self::Dequeue(_)
            | Self::Postpone { .. }
            | Self::Bury(..) => Domain::Queue,
            Self::PutScheduleMark(_) | Self::DeleteScheduleMark(_) => Domain::Marks,
            Self::SetAside(_) | Self::TakeBack(_) => Domain::Aside,
            Self::PutFunctionVersion(_)
            | Self::ReplaceFunctionVersion(_)
            | Self::PutAlias(_)
            | Self::PutFunctionSettings(_)
            | Self::DeleteFunctionVersion(..)
            | Self::DeleteAlias(..)
            | Self::DeleteFunction(_) => Domain::Catalogue,
            Self::Probe => Domain::Nothing,
        }
    }

    /// The execution that it is about.
    pub fn execution(&self) -> Option<&ExecutionId> {
        match self {
            Self::Commit(transition) => Some(&transition.spec.arn.id),
            _ => None,
        }
    }

    /// What a fault says was attempted.
    pub fn attempted(&self) -> String {
        match self {
            Self::Commit(transition) => format!(
                "commit version {} of execution `{}`",
                transition.state.version, transition.spec.arn
            ),
            Self::Enqueue(invocation) | Self::EnqueueScheduled(invocation, _) => format!(
                "accept invocation `{}` of function `{}`",
                invocation.request_id, invocation.function
            ),
            Self::Dequeue(id) => format!("forget asynchronous invocation {}", id.0),
            Self::Postpone { id, .. } => format!("postpone asynchronous invocation {}", id.0),
            Self::Bury(id, _) => format!("bury asynchronous invocation {}", id.0),
            Self::PutScheduleMark(mark) => {
                format!("record how far schedule `{}` has come", mark.schedule)
            }
            Self::DeleteScheduleMark(schedule) => format!("forget schedule `{schedule}`"),
            Self::SetAside(record) => format!("set execution `{}` aside", record.execution_id),
            Self::TakeBack(id) => format!("take execution `{id}` back"),
            Self::PutFunctionVersion(record) => format!(
                "record version {} of function `{}`",
                record.version, record.function
            ),
            Self::ReplaceFunctionVersion(record) => format!(
                "replace version {} of function `{}`",
                record.version, record.function
            ),
            Self::PutAlias(record) => format!(
                "point alias `{}` of function `{}` to version {}",
                record.name, record.function, record.version
            ),
            Self::PutFunctionSettings(record) => {
                format!("record the settings of function `{}`", record.function)
            }
            Self::DeleteFunctionVersion(function, version) => {
                format!("delete version {version} of function `{function}`")
            }
            Self::DeleteAlias(function, name) => {
                format!("delete alias `{name}` of function `{function}`")
            }
            Self::DeleteFunction(function) => format!("delete function `{function}`"),
            Self::Probe => "try whether commits succeed".to_owned(),
        }
    }

    /// Bytes that it adds to a transaction, about: payloads, and a flat sum for the rest.
    pub fn weight(&self) -> usize {
        /// A state, an operation and two events without their payloads.
        const ROWS_BYTES: usize = 1024;
        let payload = match self {
            Self::Commit(transition) => transition
                .operations
                .iter()
                .map(|operation| operation_bytes(&operation.details))
                .sum(),
            Self::Enqueue(invocation) | Self::EnqueueScheduled(invocation, _) => {
                invocation.payload.len()
            }
            Self::Bury(_, letter) => letter.invocation.payload.len(),
            Self::PutFunctionVersion(record) | Self::ReplaceFunctionVersion(record) => {
                record.configuration.len()
            }
            Self::PutFunctionSettings(record) => record.settings.len(),
            Self::SetAside(record) => record.attempted.len() + record.reason.len(),
            Self::Dequeue(_)
            | Self::Postpone { .. }
            | Self::PutScheduleMark(_)
            | Self::DeleteScheduleMark(_)
            | Self::TakeBack(_)
            | Self::PutAlias(_)
            | Self::DeleteFunctionVersion(..)
            | Self::DeleteAlias(..)
            | Self::DeleteFunction(_)
            | Self::Probe => 0,
        };
        ROWS_BYTES + payload
    }
}

fn operation_bytes(details: &OperationDetails) -> usize {
    use OperationDetails::{Callback, ChainedInvoke, Context, Execution, Step, Wait};
    let length = |payload: &Option<Payload>| payload.as_ref().map_or(0, Payload::len);
    match details {
        Execution { input } => length(input),
        Context { result, .. } | Step { result, .. } | Callback { result, .. } => length(result),
        ChainedInvoke { input, result, .. } => length(input) + length(result),
        Wait { .. } => 0,
    }
}
