//! Event rows.

use engine::Transition;
use model::{
    CallbackId, ErrorObject, Event, EventKind, EventSubject, Operation, OperationDetails,
    OperationId, Payload, RequestId, RetryDetails, Timestamp, Version,
};

use super::Statements;
use crate::cells::Parameters;
use crate::codes::{PayloadSource, version_text};

/// Largest payload that an event repeats, in bytes. Beyond it, fetching the one copy when the
/// history is read costs less than writing a second one with every commit.
const PAYLOAD_REPEATED_BYTES_MAX: usize = 512;

/// The columns of an event; each kind fills a few.
#[derive(Default)]
struct Row<'a> {
    kind: &'static str,
    retry: Option<RetryDetails>,
    seconds: Option<u32>,
    scheduled_end_at: Option<Timestamp>,
    callback_id: Option<&'a CallbackId>,
    timeout_seconds: Option<u32>,
    heartbeat_timeout_seconds: Option<u32>,
    function_name: Option<&'a String>,
    tenant_id: Option<&'a String>,
    executed_version: Option<&'a Version>,
    started_execution_arn: Option<String>,
    request_id: Option<&'a RequestId>,
    invocation_started_at: Option<Timestamp>,
    invocation_ended_at: Option<Timestamp>,
    error: Option<&'a ErrorObject>,
    payload: Option<&'a Payload>,
    requested_at: Option<Timestamp>,
    execution_timeout_paused: Option<bool>,
}

impl Statements<'_> {
    pub(super) fn write_event(
        &mut self,
        key: i64,
        transition: &Transition,
        event: &Event,
    ) -> rusqlite::Result<()> {
        let row = Row::of(&event.kind);
        let source = row
            .payload
            .and_then(|payload| source(transition, event, payload));
        let mut parameters = Parameters::of(&mut self.insert_event);
        parameters.add(key)?;
        parameters.add(event.id.cast_signed())?;
        parameters.add(event.at.as_millis())?;
        parameters.add(row.kind)?;
        parameters.add_subject(event.subject.as_ref())?;
        parameters.add_row(&row)?;
        match source {
            None => {
                parameters.add_payload(row.payload)?;
                parameters.add_nulls(1);
            }
            Some(source) => {
                parameters.add_nulls(1);
                parameters.add(source.code())?;
            }
        }
        parameters.add_instant(row.requested_at)?;
        parameters.add(row.execution_timeout_paused)?;
        parameters.execute().map(drop)
    }
}

impl Parameters<'_, '_> {
    fn add_subject(&mut self, subject: Option<&EventSubject>) -> rusqlite::Result<()> {
        let Some(subject) = subject else {
            self.add_nulls(4);
            return Ok(());
        };
        self.add(subject.id.as_str())?;
        self.add_text(subject.name.as_ref())?;
        self.add(subject.parent_id.as_ref().map(OperationId::as_str))?;
        self.add_text(subject.sub_type.as_ref())
    }

    fn add_row(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let retry = row.retry;
        self.add(retry.map(|retry| retry.current_attempt))?;
        self.add(retry.and_then(|retry| retry.next_attempt_delay_seconds))?;
        self.add(row.seconds)?;
        self.add_instant(row.scheduled_end_at)?;
        self.add(row.callback_id.map(CallbackId::as_str))?;
        self.add(row.timeout_seconds)?;
        self.add(row.heartbeat_timeout_seconds)?;
        self.add_text(row.function_name)?;
        self.add_text(row.tenant_id)?;
        self.add(row.executed_version.map(version_text))?;
        self.add_text(row.started_execution_arn.as_ref())?;
        self.add(row.request_id.map(RequestId::as_str))?;
        self.add_instant(row.invocation_started_at)?;
        self.add_instant(row.invocation_ended_at)?;
        self.add_error(row.error)
    }
}

impl<'a> Row<'a> {
    fn new(kind: &'static str) -> Self {
        Self {
            kind,
            ..Self::default()
        }
    }

    fn failed(kind: &'static str, error: &'a ErrorObject) -> Self {
        Self {
            kind,
            error: Some(error),
            ..Self::default()
        }
    }

    fn succeeded(kind: &'static str, result: &'a Option<Payload>) -> Self {
        Self {
            kind,
            payload: result.as_ref(),
            ..Self::default()
        }
    }

    fn of(kind: &'a EventKind) -> Self {
        use EventKind as Kind;
        match kind {
            Kind::ExecutionStarted {
                input,
                execution_timeout_seconds,
            } => Self {
                seconds: Some(*execution_timeout_seconds),
                ..Self::succeeded("ExecutionStarted", input)
            },
            Kind::ExecutionSucceeded { result } => Self::succeeded("ExecutionSucceeded", result),
            Kind::ExecutionFailed { error } => Self::failed("ExecutionFailed", error),
            Kind::ExecutionTimedOut { error } => Self::failed("ExecutionTimedOut", error),
            Kind::ExecutionStopped { error } => Self::failed("ExecutionStopped", error),
            Kind::ExecutionPaused {
                requested_at,
                reason,
                execution_timeout_paused,
            } => Self {
                requested_at: Some(*requested_at),
                execution_timeout_paused: Some(*execution_timeout_paused),
                ..Self::succeeded("ExecutionPaused", reason)
            },
            Kind::ExecutionResumed {
                requested_at,
                reason,
            } => Self {
                requested_at: Some(*requested_at),
                ..Self::succeeded("ExecutionResumed", reason)
            },
            Kind::ContextStarted => Self::new("ContextStarted"),
            Kind::ContextSucceeded { result } => Self::succeeded("ContextSucceeded", result),
            Kind::ContextFailed { error } => Self::failed("ContextFailed", error),
            Kind::StepStarted => Self::new("StepStarted"),
            Kind::StepSucceeded { result, retry } => Self {
                retry: Some(*retry),
                ..Self::succeeded("StepSucceeded", result)
            },
            Kind::StepFailed { error, retry } => Self {
                retry: Some(*retry),
                ..Self::failed("StepFailed", error)
            },
            Kind::WaitStarted {
                seconds,
                scheduled_end_at,
            } => Self {
                seconds: Some(*seconds),
                scheduled_end_at: Some(*scheduled_end_at),
                ..Self::new("WaitStarted")
            },
            Kind::WaitSucceeded { seconds } => Self {
                seconds: Some(*seconds),
                ..Self::new("WaitSucceeded")
            },
            Kind::WaitCancelled { error } => Self {
                error: error.as_ref(),
                ..Self::new("WaitCancelled")
            },
            Kind::CallbackStarted {
                callback_id,
                timeout_seconds,
                heartbeat_timeout_seconds,
            } => Self {
                callback_id: Some(callback_id),
                timeout_seconds: *timeout_seconds,
                heartbeat_timeout_seconds: *heartbeat_timeout_seconds,
                ..Self::new("CallbackStarted")
            },
            Kind::CallbackSucceeded { result } => Self::succeeded("CallbackSucceeded", result),
            Kind::CallbackFailed { error } => Self::failed("CallbackFailed", error),
            Kind::CallbackTimedOut { error } => Self::failed("CallbackTimedOut", error),
            Kind::ChainedInvokeStarted {
                function_name,
                tenant_id,
                input,
                executed_version,
                execution_arn,
            } => Self {
                function_name: Some(function_name),
                tenant_id: tenant_id.as_ref(),
                executed_version: executed_version.as_ref(),
                started_execution_arn: execution_arn.as_ref().map(ToString::to_string),
                ..Self::succeeded("ChainedInvokeStarted", input)
            },
            Kind::ChainedInvokeSucceeded { result } => {
                Self::succeeded("ChainedInvokeSucceeded", result)
            }
            Kind::ChainedInvokeFailed { error } => Self::failed("ChainedInvokeFailed", error),
            Kind::ChainedInvokeTimedOut { error } => Self::failed("ChainedInvokeTimedOut", error),
            Kind::ChainedInvokeStopped { error } => Self::failed("ChainedInvokeStopped", error),
            Kind::InvocationCompleted {
                request_id,
                started_at,
                ended_at,
                error,
            } => Self {
                request_id: Some(request_id),
                invocation_started_at: Some(*started_at),
                invocation_ended_at: Some(*ended_at),
                error: error.as_ref(),
                ..Self::new("InvocationCompleted")
            },
        }
    }
}

/// Where else a large payload lies, in a row that cannot change any more.
fn source(transition: &Transition, event: &Event, payload: &Payload) -> Option<PayloadSource> {
    if payload.len() <= PAYLOAD_REPEATED_BYTES_MAX {
        return None;
    }
    if let EventKind::ExecutionStarted { .. } = event.kind {
        let same = transition.spec.input.as_ref() == Some(payload);
        return same.then_some(PayloadSource::ExecutionInput);
    }
    if let EventKind::ExecutionSucceeded { .. } = event.kind {
        let result = transition.state.outcome.as_ref()?.result();
        return (result == Some(payload)).then_some(PayloadSource::ExecutionResult);
    }
    let subject = event.subject.as_ref()?;
    let mut operations = transition.operations.iter();
    let operation = operations.find(|operation| operation.id == subject.id)?;
    let (input, result) = payloads(operation);
    if input == Some(payload) {
        return Some(PayloadSource::OperationInput);
    }
    let lasting = operation.status.is_terminal() && result == Some(payload);
    lasting.then_some(PayloadSource::OperationResult)
}

fn payloads(operation: &Operation) -> (Option<&Payload>, Option<&Payload>) {
    match &operation.details {
        OperationDetails::Context { result, .. }
        | OperationDetails::Step { result, .. }
        | OperationDetails::Callback { result, .. } => (None, result.as_ref()),
        OperationDetails::ChainedInvoke { input, result, .. } => (input.as_ref(), result.as_ref()),
        OperationDetails::Execution { .. } | OperationDetails::Wait { .. } => (None, None),
    }
}
