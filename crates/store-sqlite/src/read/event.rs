//! The event history of an execution.

use model::{Event, ExecutionId, OperationId};
use rusqlite::{Connection, Row};
use store::columns;
use store::{EventPage, event_head};

use super::page::row_limit;
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
    columns::read_event(&mut Columns::of(row))
}
