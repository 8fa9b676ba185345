//! Events as columns.

use engine::Transition;
use model::{
    CallbackId, ErrorObject, Event, EventKind, EventSubject, ExecutionArn, Operation,
    OperationDetails, OperationId, Payload, RequestId, RetryDetails, Timestamp, Version,
};

use super::cells::Cells;
use super::code::{UnknownCode, unknown};

/// Largest payload that an event repeats, in bytes. Beyond it, fetching the one copy when the history is read costs
/// less than writing a second one with every commit.
const PAYLOAD_REPEATED_BYTES_MAX: usize = 512;

/// The columns of an event besides those that every event has; each kind has a few.
#[derive(Debug, Default)]
pub struct EventColumns<'a> {
    pub kind: &'static str,
    pub retry: Option<RetryDetails>,
    pub seconds: Option<u32>,
    pub scheduled_end_at: Option<Timestamp>,
    pub callback_id: Option<&'a CallbackId>,
    pub timeout_seconds: Option<u32>,
    pub heartbeat_timeout_seconds: Option<u32>,
    pub function_name: Option<&'a String>,
    pub tenant_id: Option<&'a String>,
    pub executed_version: Option<&'a Version>,
    pub started_execution_arn: Option<String>,
    pub request_id: Option<&'a RequestId>,
    pub invocation_started_at: Option<Timestamp>,
    pub invocation_ended_at: Option<Timestamp>,
    pub requested_at: Option<Timestamp>,
    pub execution_timeout_paused: Option<bool>,
    pub error: Option<&'a ErrorObject>,
    pub payload: Option<&'a Payload>,
}

/// [`EventColumns`] as they are read.
struct ReadEventColumns {
    attempt: Option<u32>,
    next_attempt_delay_seconds: Option<u32>,
    seconds: Option<u32>,
    scheduled_end_at: Option<Timestamp>,
    callback_id: Option<CallbackId>,
    timeout_seconds: Option<u32>,
    heartbeat_timeout_seconds: Option<u32>,
    function_name: Option<String>,
    tenant_id: Option<String>,
    executed_version: Option<Version>,
    started_execution_arn: Option<ExecutionArn>,
    request_id: Option<RequestId>,
    invocation_started_at: Option<Timestamp>,
    invocation_ended_at: Option<Timestamp>,
    requested_at: Option<Timestamp>,
    execution_timeout_paused: Option<bool>,
    error: Option<ErrorObject>,
    payload: Option<Payload>,
}

impl<'a> EventColumns<'a> {
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

    pub fn of(kind: &'a EventKind) -> Self {
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

impl ReadEventColumns {
    /// The kind of that name.
    fn kind(self, kind: &str) -> Result<EventKind, UnknownCode> {
        use EventKind as Kind;
        let retry = RetryDetails {
            current_attempt: self.attempt.unwrap_or(0),
            next_attempt_delay_seconds: self.next_attempt_delay_seconds,
        };
        let incomplete = || unknown("complete event", kind);
        let seconds = || self.seconds.ok_or_else(incomplete);
        let result = self.payload;
        let optional_error = self.error;
        let error = optional_error.clone().unwrap_or_default();
        Ok(match kind {
            "ExecutionStarted" => Kind::ExecutionStarted {
                input: result,
                execution_timeout_seconds: seconds()?,
            },
            "ExecutionSucceeded" => Kind::ExecutionSucceeded { result },
            "ExecutionFailed" => Kind::ExecutionFailed { error },
            "ExecutionTimedOut" => Kind::ExecutionTimedOut { error },
            "ExecutionStopped" => Kind::ExecutionStopped { error },
            "ExecutionPaused" => Kind::ExecutionPaused {
                requested_at: self.requested_at.ok_or_else(incomplete)?,
                reason: result,
                execution_timeout_paused: self.execution_timeout_paused.ok_or_else(incomplete)?,
            },
            "ExecutionResumed" => Kind::ExecutionResumed {
                requested_at: self.requested_at.ok_or_else(incomplete)?,
                reason: result,
            },
            "ContextStarted" => Kind::ContextStarted,
            "ContextSucceeded" => Kind::ContextSucceeded { result },
            "ContextFailed" => Kind::ContextFailed { error },
            "StepStarted" => Kind::StepStarted,
            "StepSucceeded" => Kind::StepSucceeded { result, retry },
            "StepFailed" => Kind::StepFailed { error, retry },
            "WaitStarted" => Kind::WaitStarted {
                seconds: seconds()?,
                scheduled_end_at: self.scheduled_end_at.ok_or_else(incomplete)?,
            },
            "WaitSucceeded" => Kind::WaitSucceeded {
                seconds: seconds()?,
            },
            "WaitCancelled" => Kind::WaitCancelled {
                error: optional_error,
            },
            "CallbackStarted" => Kind::CallbackStarted {
                callback_id: self.callback_id.ok_or_else(incomplete)?,
                timeout_seconds: self.timeout_seconds,
                heartbeat_timeout_seconds: self.heartbeat_timeout_seconds,
            },
            "CallbackSucceeded" => Kind::CallbackSucceeded { result },
            "CallbackFailed" => Kind::CallbackFailed { error },
            "CallbackTimedOut" => Kind::CallbackTimedOut { error },
            "ChainedInvokeStarted" => Kind::ChainedInvokeStarted {
                function_name: self.function_name.ok_or_else(incomplete)?,
                tenant_id: self.tenant_id,
                input: result,
                executed_version: self.executed_version,
                execution_arn: self.started_execution_arn,
            },
            "ChainedInvokeSucceeded" => Kind::ChainedInvokeSucceeded { result },
            "ChainedInvokeFailed" => Kind::ChainedInvokeFailed { error },
            "ChainedInvokeTimedOut" => Kind::ChainedInvokeTimedOut { error },
            "ChainedInvokeStopped" => Kind::ChainedInvokeStopped { error },
            "InvocationCompleted" => Kind::InvocationCompleted {
                request_id: self.request_id.ok_or_else(incomplete)?,
                started_at: self.invocation_started_at.ok_or_else(incomplete)?,
                ended_at: self.invocation_ended_at.ok_or_else(incomplete)?,
                error: optional_error,
            },
            other => return Err(unknown("type of event", other)),
        })
    }
}

/// Reads an event.
pub fn read_event<C: Cells>(columns: &mut C) -> Result<Event, C::Error> {
    let id = columns.bits()?;
    let at = columns.instant()?;
    let kind = columns.text()?;
    let kind_position = columns.position() - 1;
    let subject = read_subject(columns)?;
    let details = ReadEventColumns {
        attempt: columns.optional_count()?,
        next_attempt_delay_seconds: columns.optional_count()?,
        seconds: columns.optional_count()?,
        scheduled_end_at: columns.optional_instant()?,
        callback_id: columns.optional_parsed(CallbackId::parse)?,
        timeout_seconds: columns.optional_count()?,
        heartbeat_timeout_seconds: columns.optional_count()?,
        function_name: columns.optional_text()?,
        tenant_id: columns.optional_text()?,
        executed_version: columns.optional_parsed(str::parse)?,
        started_execution_arn: columns.optional_parsed(str::parse)?,
        request_id: columns.optional_parsed(RequestId::parse)?,
        invocation_started_at: columns.optional_instant()?,
        invocation_ended_at: columns.optional_instant()?,
        requested_at: columns.optional_instant()?,
        execution_timeout_paused: columns.optional_flag()?,
        error: columns.error()?,
        payload: columns.payload()?,
    };
    let kind = details.kind(&kind);
    Ok(Event {
        id,
        at,
        subject,
        kind: kind.map_err(|unknown| columns.undecodable(kind_position, unknown))?,
    })
}

fn read_subject<C: Cells>(columns: &mut C) -> Result<Option<EventSubject>, C::Error> {
    let Some(id) = columns.optional_parsed(OperationId::parse)? else {
        columns.skip(3);
        return Ok(None);
    };
    Ok(Some(EventSubject {
        id,
        name: columns.optional_text()?,
        parent_id: columns.optional_parsed(OperationId::parse)?,
        sub_type: columns.optional_text()?,
    }))
}

/// Where else a large payload lies, in a row that cannot change any more.
pub fn payload_source(
    transition: &Transition,
    event: &Event,
    payload: &Payload,
) -> Option<&'static str> {
    if payload.len() <= PAYLOAD_REPEATED_BYTES_MAX {
        return None;
    }
    if let EventKind::ExecutionStarted { .. } = event.kind {
        let same = transition.spec.input.as_ref() == Some(payload);
        return same.then_some("EXECUTION_INPUT");
    }
    if let EventKind::ExecutionSucceeded { .. } = event.kind {
        let result = transition.state.outcome.as_ref()?.result();
        return (result == Some(payload)).then_some("EXECUTION_RESULT");
    }
    let subject = event.subject.as_ref()?;
    let mut operations = transition.operations.iter();
    let operation = operations.find(|operation| operation.id == subject.id)?;
    let (input, result) = payloads(operation);
    if input == Some(payload) {
        return Some("OPERATION_INPUT");
    }
    let lasting = operation.status.is_terminal() && result == Some(payload);
    lasting.then_some("OPERATION_RESULT")
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
