//! One write to a store that has a writer: its kind, its weight, and its result.

use std::sync::Arc;

use engine::Transition;
use model::{ExecutionId, FunctionName, OperationDetails, Payload, Timestamp, Version};

use crate::catalogue::{AliasRecord, FunctionSettingsRecord, FunctionVersionRecord};
use crate::error::{CommitError, StoreFault};
use crate::queue::{AsyncInvocation, AsyncInvocationId, DeadLetter};
use crate::schedule_marks::ScheduleMark;
use crate::work::SetAside;

/// One write.
#[derive(Debug)]
pub enum StoreWrite {
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
    /// Changes nothing, durably: only its success matters.
    Probe,
}

/// The tables that a write touches: writes of different domains are independent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteDomain {
    Executions,
    Queue,
    Marks,
    Aside,
    Catalogue,
    Nothing,
}

/// The result of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Done,
    Enqueued(AsyncInvocationId),
}

impl Written {
    /// Waits for a write that nothing in the database can conflict with.
    pub async fn done(
        writing: impl Future<Output = Result<Self, CommitError>>,
    ) -> Result<Self, StoreFault> {
        writing.await.map_err(|error| match error {
            CommitError::Fault(fault) => fault,
            CommitError::VersionConflict(_) | CommitError::NameTaken(_) => {
                unreachable!("only a transition can conflict")
            }
        })
    }

    /// As [`Self::done`], for one that accepts an invocation.
    pub async fn accepted(
        writing: impl Future<Output = Result<Self, CommitError>>,
    ) -> Result<AsyncInvocationId, StoreFault> {
        match Self::done(writing).await? {
            Self::Enqueued(id) => Ok(id),
            Self::Done => unreachable!("an accepted invocation has an id"),
        }
    }
}

impl StoreWrite {
    /// The weight of a write beside its payloads: a state, an operation and two events.
    pub const ROWS_BYTES: usize = 1024;

    /// Its domain.
    pub const fn domain(&self) -> WriteDomain {
        match self {
            Self::Commit(_) => WriteDomain::Executions,
            Self::Enqueue(_)
            | Self::EnqueueScheduled(..)
            | Self::Dequeue(_)
            | Self::Postpone { .. }
            | Self::Bury(..) => WriteDomain::Queue,
            Self::PutScheduleMark(_) | Self::DeleteScheduleMark(_) => WriteDomain::Marks,
            Self::SetAside(_) | Self::TakeBack(_) => WriteDomain::Aside,
            Self::PutFunctionVersion(_)
            | Self::ReplaceFunctionVersion(_)
            | Self::PutAlias(_)
            | Self::PutFunctionSettings(_)
            | Self::DeleteFunctionVersion(..)
            | Self::DeleteAlias(..)
            | Self::DeleteFunction(_) => WriteDomain::Catalogue,
            Self::Probe => WriteDomain::Nothing,
        }
    }

    /// The execution that it is about.
    pub fn execution(&self) -> Option<&ExecutionId> {
        match self {
            Self::Commit(transition) => Some(&transition.spec.arn.id),
            _ => None,
        }
    }

    /// The attempt, in a fault's words.
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
        Self::ROWS_BYTES + payload
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
