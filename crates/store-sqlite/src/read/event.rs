//! The event history of an execution.

use model::{
    CallbackId, ErrorObject, Event, EventKind, EventSubject, ExecutionArn, ExecutionId,
    OperationId, Payload, RequestId, RetryDetails, Timestamp, Version,
};
use rusqlite::{Connection, Row};
use store::{EventPage, event_head};

use super::execution::unreadable;
use super::row_limit;
use crate::cells::Columns;
use crate::codes::unknown;

/// Which events, behind the columns that all of these queries have.
macro_rules! events {
    ($which:literal) => {
        concat!(
            include_str!("../sql/read/event_columns.sql"),
            include_str!($which)
        )
    };
}

/// As `events!`, without payloads.
macro_rules! heads {
    ($which:literal) => {
        concat!(
            include_str!("../sql/read/event_head_columns.sql"),
            include_str!($which)
        )
    };
}

/// A page of the history.
pub(crate) fn events(
    connection: &Connection,
    id: &ExecutionId,
    page: EventPage,
) -> rusqlite::Result<Vec<Event>> {
    let (sql, beginning) = if page.newest_first {
        (events!("../sql/read/events_newest.sql"), i64::MAX)
    } else {
        (events!("../sql/read/events_oldest.sql"), 0)
    };
    let after = page
        .after
        .map_or(beginning, |after| i64::try_from(after).unwrap_or(i64::MAX));
    let mut statement = connection.prepare_cached(sql)?;
    let parameters = (id.as_str(), after, row_limit(page.limit));
    page.take(statement.query_map(parameters, read_event)?)
}

/// A page of the history without payloads.
pub(crate) fn event_heads(
    connection: &Connection,
    id: &ExecutionId,
    page: EventPage,
) -> rusqlite::Result<Vec<Event>> {
    let (sql, beginning) = if page.newest_first {
        (heads!("../sql/read/events_newest.sql"), i64::MAX)
    } else {
        (heads!("../sql/read/events_oldest.sql"), 0)
    };
    let after = page
        .after
        .map_or(beginning, |after| i64::try_from(after).unwrap_or(i64::MAX));
    let mut statement = connection.prepare_cached(sql)?;
    let parameters = (id.as_str(), after, row_limit(page.limit));
    let head = |row: &Row<'_>| read_event(row).map(|event| event_head(&event));
    page.take(statement.query_map(parameters, head)?)
}

/// The events about one operation.
pub(crate) fn operation_events(
    connection: &Connection,
    id: &ExecutionId,
    operation_id: &OperationId,
    page: EventPage,
) -> rusqlite::Result<Vec<Event>> {
    let mut statement = connection.prepare_cached(events!("../sql/read/operation_events.sql"))?;
    let after = page
        .after
        .map_or(0, |after| i64::try_from(after).unwrap_or(i64::MAX));
    let limit = row_limit(page.limit);
    let parameters = (id.as_str(), operation_id.as_str(), after, limit);
    page.take(statement.query_map(parameters, read_event)?)
}

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
    error: Option<ErrorObject>,
    payload: Option<Payload>,
    requested_at: Option<Timestamp>,
    execution_timeout_paused: Option<bool>,
}

fn read_event(row: &Row<'_>) -> rusqlite::Result<Event> {
    let mut columns = Columns::of(row);
    let id = columns.bits()?;
    let at = columns.instant()?;
    let kind: String = columns.next()?;
    let subject = read_subject(&mut columns)?;
    let details = Details {
        attempt: columns.next()?,
        next_attempt_delay_seconds: columns.next()?,
        seconds: columns.next()?,
        scheduled_end_at: columns.optional_instant()?,
        callback_id: columns.optional_parsed(CallbackId::parse)?,
        timeout_seconds: columns.next()?,
        heartbeat_timeout_seconds: columns.next()?,
        function_name: columns.next()?,
        tenant_id: columns.next()?,
        executed_version: columns.optional_parsed(str::parse)?,
        started_execution_arn: columns.optional_parsed(str::parse)?,
        request_id: columns.optional_parsed(RequestId::parse)?,
        invocation_started_at: columns.optional_instant()?,
        invocation_ended_at: columns.optional_instant()?,
        error: columns.error()?,
        payload: columns.payload()?,
        requested_at: columns.optional_instant()?,
        execution_timeout_paused: columns.next()?,
    };
    Ok(Event {
        id,
        at,
        subject,
        kind: read_kind(&kind, details)?,
    })
}

fn read_subject(columns: &mut Columns<'_, '_>) -> rusqlite::Result<Option<EventSubject>> {
    let Some(id) = columns.optional_parsed(OperationId::parse)? else {
        columns.skip(3);
        return Ok(None);
    };
    Ok(Some(EventSubject {
        id,
        name: columns.next()?,
        parent_id: columns.optional_parsed(OperationId::parse)?,
        sub_type: columns.next()?,
    }))
}

fn read_kind(kind: &str, details: Details) -> rusqlite::Result<EventKind> {
    use EventKind as Kind;
    let retry = RetryDetails {
        current_attempt: details.attempt.unwrap_or(0),
        next_attempt_delay_seconds: details.next_attempt_delay_seconds,
    };
    let incomplete = || unreadable(unknown("complete event", kind));
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
        other => return Err(unreadable(unknown("type of event", other))),
    })
}
