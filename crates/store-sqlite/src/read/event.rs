//! The event history of an execution.

use model::{CallbackId, Event, EventSubject, ExecutionId, OperationId, RequestId};
use rusqlite::{Connection, Row};
use store::columns::ReadEventColumns;
use store::{EventPage, event_head};

use super::execution::unreadable;
use super::row_limit;
use crate::cells::Columns;

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

fn read_event(row: &Row<'_>) -> rusqlite::Result<Event> {
    let mut columns = Columns::of(row);
    let id = columns.bits()?;
    let at = columns.instant()?;
    let kind: String = columns.next()?;
    let subject = read_subject(&mut columns)?;
    let details = ReadEventColumns {
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
        kind: details.kind(&kind).map_err(unreadable)?,
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
