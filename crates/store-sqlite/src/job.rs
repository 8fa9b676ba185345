//! What the writer is asked to do, and how it answers.

use std::sync::Arc;

use engine::Transition;
use model::{ExecutionId, FunctionName, Payload, Timestamp, Version};
use store::{
    AccessKeyRecord, AliasRecord, AsyncInvocation, AsyncInvocationId, AuditKind, AuditRecord,
    CommitError, DeadLetter, FunctionSettingsRecord, FunctionVersionRecord, ScheduleMark, SetAside,
    StackRecord, StacksRevision, StoreFault,
};
use tokio::sync::oneshot;

use crate::within;

/// One write with the place for its answer.
#[derive(Debug)]
pub(crate) struct Job {
    pub write: Write,
    pub answer: oneshot::Sender<Result<Written, CommitError>>,
}

/// One write.
#[derive(Debug)]
pub(crate) enum Write {
    Commit(Arc<Transition>),
    Enqueue(AsyncInvocation),
    EnqueueScheduled(AsyncInvocation, ScheduleMark),
    PutScheduleMark(ScheduleMark),
    DeleteScheduleMark(String),
    Postpone {
        id: AsyncInvocationId,
        attempts: u32,
        not_before: Timestamp,
    },
    Dequeue(AsyncInvocationId),
    Bury(AsyncInvocationId, Box<DeadLetter>),
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
    CreateAccessKey(Box<AccessKeyRecord>),
    ReplaceAccessKey(Box<AccessKeyRecord>),
    DeleteAccessKey(String),
    PutStack(Box<StackRecord>, StacksRevision),
    DeleteStack(String, StacksRevision),
    AppendAudit(Vec<AuditRecord>),
    /// Removes records with ids before this one, not all at once.
    TrimAudit(AuditKind, String),
    /// The application's code.
    Within(Arc<within::Job>),
    /// Changes nothing, durably: whether it succeeds is what is wanted to be known.
    Probe,
}

/// What a write came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    Done,
    Enqueued(AsyncInvocationId),
}

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

impl Write {
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
            Self::Postpone { id, .. } => format!("postpone asynchronous invocation {}", id.0),
            Self::Dequeue(id) => format!("forget asynchronous invocation {}", id.0),
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
            Self::Bury(id, _) => format!("bury asynchronous invocation {}", id.0),
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
            Self::CreateAccessKey(record) => {
                format!("create access key `{}` ({})", record.name, record.id)
            }
            Self::ReplaceAccessKey(record) => format!("change access key {}", record.id),
            Self::DeleteAccessKey(id) => format!("delete access key {id}"),
            Self::PutStack(record, _) => format!("change stack `{}`", record.name),
            Self::DeleteStack(name, _) => format!("change stack `{name}`"),
            Self::AppendAudit(_) => "add to the record of changes".to_owned(),
            Self::TrimAudit(..) => "trim the record of changes".to_owned(),
            Self::Within(job) => job.attempted().to_owned(),
            Self::Probe => "try whether commits succeed".to_owned(),
            Self::PutScheduleMark(mark) => {
                format!("record how far schedule `{}` has come", mark.schedule)
            }
            Self::DeleteScheduleMark(schedule) => format!("forget schedule `{schedule}`"),
        }
    }

    /// Whether it is about the catalogue.
    pub fn changes_catalogue(&self) -> bool {
        match self {
            Self::PutFunctionVersion(_)
            | Self::ReplaceFunctionVersion(_)
            | Self::PutAlias(_)
            | Self::PutFunctionSettings(_)
            | Self::DeleteFunctionVersion(..)
            | Self::DeleteAlias(..)
            | Self::DeleteFunction(_) => true,
            Self::Commit(_)
            | Self::Enqueue(_)
            | Self::EnqueueScheduled(..)
            | Self::Postpone { .. }
            | Self::Dequeue(_)
            | Self::Bury(..)
            | Self::SetAside(_)
            | Self::TakeBack(_)
            | Self::PutScheduleMark(_)
            | Self::DeleteScheduleMark(_)
            | Self::CreateAccessKey(_)
            | Self::ReplaceAccessKey(_)
            | Self::DeleteAccessKey(_)
            | Self::PutStack(..)
            | Self::DeleteStack(..)
            | Self::AppendAudit(_)
            | Self::TrimAudit(..)
            | Self::Within(_)
            | Self::Probe => false,
        }
    }

    /// Whether it is about access keys.
    pub fn changes_access_keys(&self) -> bool {
        matches!(
            self,
            Self::CreateAccessKey(_) | Self::ReplaceAccessKey(_) | Self::DeleteAccessKey(_)
        )
    }

    /// Bytes that it adds to a transaction, about: payloads, and a flat sum for the rest.
    pub fn weight(&self) -> usize {
        /// A state, an operation and two events without their payloads.
        const ROWS_BYTES: usize = 1024;
        /// A record of a change, about.
        const AUDIT_BYTES: usize = 512;
        let payload = match self {
            Self::Commit(transition) => transition
                .operations
                .iter()
                .map(|operation| operation_bytes(&operation.details))
                .sum(),
            Self::Enqueue(invocation) | Self::EnqueueScheduled(invocation, _) => {
                invocation.payload.len()
            }
            Self::PutFunctionVersion(record) | Self::ReplaceFunctionVersion(record) => {
                record.configuration.len()
            }
            Self::Bury(_, letter) => letter.invocation.payload.len(),
            Self::PutFunctionSettings(record) => record.settings.len(),
            Self::SetAside(record) => record.attempted.len() + record.reason.len(),
            Self::CreateAccessKey(record) | Self::ReplaceAccessKey(record) => record.policies.len(),
            Self::PutStack(record, _) => record.document.len(),
            Self::AppendAudit(records) => records.len() * AUDIT_BYTES,
            Self::Postpone { .. }
            | Self::DeleteAccessKey(_)
            | Self::DeleteStack(..)
            | Self::TrimAudit(..)
            | Self::TakeBack(_)
            | Self::Dequeue(_)
            | Self::PutAlias(_)
            | Self::DeleteFunctionVersion(..)
            | Self::DeleteAlias(..)
            | Self::DeleteFunction(_)
            | Self::PutScheduleMark(_)
            | Self::DeleteScheduleMark(_)
            | Self::Within(_)
            | Self::Probe => 0,
        };
        ROWS_BYTES + payload
    }
}

fn operation_bytes(details: &model::OperationDetails) -> usize {
    use model::OperationDetails::{Callback, ChainedInvoke, Context, Execution, Step, Wait};
    let length = |payload: &Option<Payload>| payload.as_ref().map_or(0, Payload::len);
    match details {
        Execution { input } => length(input),
        Context { result, .. } | Step { result, .. } | Callback { result, .. } => length(result),
        ChainedInvoke { input, result, .. } => length(input) + length(result),
        Wait { .. } => 0,
    }
}
