//! Events, as rows.

use engine::Transition;
use model::{
    CallbackId, ErrorObject, Event, EventKind, Operation, OperationDetails, OperationId, Payload,
    RequestId, RetryDetails, Timestamp, Version,
};

use crate::codes::version_text;
use crate::rows::{Column, Rows, flag, number, text};

const RETRY: u8 = 1;
const WAIT: u8 = 2;
const CALLBACK: u8 = 3;
const CHAINED_INVOKE: u8 = 4;
const INVOCATION: u8 = 5;
const PAUSE: u8 = 6;
const ERROR: u8 = 7;
const PAYLOAD: u8 = 8;
const PAYLOAD_SOURCE: u8 = 9;

/// Of the arrays of events.
pub(super) const COLUMNS: &[Column] = &[
    number("chain", 0),
    number("event_id", 0),
    number("happened_at", 0),
    text("type", 0),
    text("operation_id", 0),
    text("operation_name", 0),
    text("parent_id", 0),
    text("sub_type", 0),
    number("attempt", RETRY),
    number("next_attempt_delay_seconds", RETRY),
    number("seconds", WAIT),
    number("scheduled_end_at", WAIT),
    text("callback_id", CALLBACK),
    number("timeout_seconds", CALLBACK),
    number("heartbeat_timeout_seconds", CALLBACK),
    text("function_name", CHAINED_INVOKE),
    text("tenant_id", CHAINED_INVOKE),
    text("executed_version", CHAINED_INVOKE),
    text("started_execution_arn", CHAINED_INVOKE),
    text("request_id", INVOCATION),
    number("invocation_started_at", INVOCATION),
    number("invocation_ended_at", INVOCATION),
    number("requested_at", PAUSE),
    flag("execution_timeout_paused", PAUSE),
    flag("has_error", ERROR),
    text("error_type", ERROR),
    text("error_message", ERROR),
    text("error_data", ERROR),
    text("error_stack_trace", ERROR),
    text("payload", PAYLOAD),
    text("payload_source", PAYLOAD_SOURCE),
];

/// Largest payload that an event repeats, in bytes. Beyond it, fetching the one copy when the history is read costs
/// less than writing a second one with every commit.
const PAYLOAD_REPEATED_BYTES_MAX: usize = 512;

/// What an event has besides the common columns; each kind has a few.
#[derive(Default)]
struct Details<'a> {
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
    requested_at: Option<Timestamp>,
    execution_timeout_paused: Option<bool>,
    error: Option<&'a ErrorObject>,
    payload: Option<&'a Payload>,
}

pub(super) fn add<'a>(
    rows: &mut Rows<'a>,
    chain: usize,
    transition: &'a Transition,
    event: &'a Event,
) {
    let details = Details::of(&event.kind);
    rows.bits(chain as u64);
    rows.bits(event.id);
    rows.instant(Some(event.at));
    rows.id(details.kind);
    match &event.subject {
        Some(subject) => {
            rows.id(subject.id.as_str());
            rows.string(subject.name.as_ref());
            rows.optional_id(subject.parent_id.as_ref().map(OperationId::as_str));
            rows.string(subject.sub_type.as_ref());
        }
        None => rows.nulls(4),
    }
    let retry = details.retry;
    rows.optional_count(retry.map(|retry| retry.current_attempt));
    rows.optional_count(retry.and_then(|retry| retry.next_attempt_delay_seconds));
    rows.optional_count(details.seconds);
    rows.instant(details.scheduled_end_at);
    rows.optional_id(details.callback_id.map(CallbackId::as_str));
    rows.optional_count(details.timeout_seconds);
    rows.optional_count(details.heartbeat_timeout_seconds);
    rows.string(details.function_name);
    rows.string(details.tenant_id);
    rows.word(details.executed_version.map(version_text));
    rows.word(details.started_execution_arn.map(Into::into));
    rows.optional_id(details.request_id.map(RequestId::as_str));
    rows.instant(details.invocation_started_at);
    rows.instant(details.invocation_ended_at);
    rows.instant(details.requested_at);
    rows.flag(details.execution_timeout_paused);
    rows.error(details.error);
    let source = details
        .payload
        .and_then(|payload| source(transition, event, payload));
    match source {
        None => {
            rows.payload(details.payload);
            rows.nulls(1);
        }
        Some(source) => {
            rows.nulls(1);
            rows.id(source);
        }
    }
    rows.end_row();
}

impl<'a> Details<'a> {
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
fn source(transition: &Transition, event: &Event, payload: &Payload) -> Option<&'static str> {
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
