//! The event history of an execution.

use model::{
    CallbackId, ErrorObject, Event, EventKind, EventSubject, ExecutionArn, OperationId, Payload,
    RequestId, RetryDetails, Timestamp, Version,
};
use store::event_head;
use tokio_postgres::Row;

use crate::cells::Columns;
use crate::codes::unknown;
use crate::fault::ReadError;

type Read<T> = Result<T, ReadError>;

/// The columns of all kinds, of which each kind has a few.
struct Details {
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

/// Reads the columns of `event_columns.sql`, in its order.
pub(crate) fn read_event(row: &Row) -> Read<Event> {
    let mut columns = Columns::of(row);
    let id = columns.bits()?;
    let at = columns.instant()?;
    let kind: &str = columns.next()?;
    let subject = read_subject(&mut columns)?;
    let details = Details {
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
        execution_timeout_paused: columns.next()?,
        error: columns.error()?,
        payload: columns.payload()?,
    };
    Ok(Event {
        id,
        at,
        subject,
        kind: read_kind(kind, details)?,
    })
}

/// As [`read_event`], of the columns of `event_head_columns.sql`.
pub(crate) fn event_head_of(row: &Row) -> Read<Event> {
    read_event(row).map(|event| event_head(&event))
}

fn read_subject(columns: &mut Columns<'_>) -> Read<Option<EventSubject>> {
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

fn read_kind(kind: &str, details: Details) -> Read<EventKind> {
    use EventKind as Kind;
    let retry = RetryDetails {
        current_attempt: details.attempt.unwrap_or(0),
        next_attempt_delay_seconds: details.next_attempt_delay_seconds,
    };
    let incomplete = || ReadError::undecodable("type", unknown("complete event", kind));
    let seconds = || details.seconds.ok_or_else(incomplete);
    let result = details.payload;
    let optional_error = details.error;
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
            requested_at: details.requested_at.ok_or_else(incomplete)?,
            reason: result,
            execution_timeout_paused: details.execution_timeout_paused.ok_or_else(incomplete)?,
        },
        "ExecutionResumed" => Kind::ExecutionResumed {
            requested_at: details.requested_at.ok_or_else(incomplete)?,
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
            scheduled_end_at: details.scheduled_end_at.ok_or_else(incomplete)?,
        },
        "WaitSucceeded" => Kind::WaitSucceeded {
            seconds: seconds()?,
        },
        "WaitCancelled" => Kind::WaitCancelled {
            error: optional_error,
        },
        "CallbackStarted" => Kind::CallbackStarted {
            callback_id: details.callback_id.ok_or_else(incomplete)?,
            timeout_seconds: details.timeout_seconds,
            heartbeat_timeout_seconds: details.heartbeat_timeout_seconds,
        },
        "CallbackSucceeded" => Kind::CallbackSucceeded { result },
        "CallbackFailed" => Kind::CallbackFailed { error },
        "CallbackTimedOut" => Kind::CallbackTimedOut { error },
        "ChainedInvokeStarted" => Kind::ChainedInvokeStarted {
            function_name: details.function_name.ok_or_else(incomplete)?,
            tenant_id: details.tenant_id,
            input: result,
            executed_version: details.executed_version,
            execution_arn: details.started_execution_arn,
        },
        "ChainedInvokeSucceeded" => Kind::ChainedInvokeSucceeded { result },
        "ChainedInvokeFailed" => Kind::ChainedInvokeFailed { error },
        "ChainedInvokeTimedOut" => Kind::ChainedInvokeTimedOut { error },
        "ChainedInvokeStopped" => Kind::ChainedInvokeStopped { error },
        "InvocationCompleted" => Kind::InvocationCompleted {
            request_id: details.request_id.ok_or_else(incomplete)?,
            started_at: details.invocation_started_at.ok_or_else(incomplete)?,
            ended_at: details.invocation_ended_at.ok_or_else(incomplete)?,
            error: optional_error,
        },
        other => {
            return Err(ReadError::undecodable(
                "type",
                unknown("type of event", other),
            ));
        }
    })
}
