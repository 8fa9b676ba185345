//! Reading logs and traces.

use rusqlite::{Connection, params};
use store::columns;
use store::{LogPage, LogQuery, NumberedLine, Segment, within_bytes};

use crate::cells::Columns;

/// A page of lines that match. Other lines are not kept in memory either.
pub(super) fn lines(connection: &Connection, query: &LogQuery) -> rusqlite::Result<LogPage> {
    let mut statement = connection.prepare_cached(sql(query))?;
    let rows = statement.query_map(
        params![
            query.function.as_ref().map(|function| function.as_str()),
            query.execution_id.as_ref().map(|id| id.as_str()),
            query.request_id.as_ref().map(|id| id.as_str()),
            query.after.unwrap_or(i64::MIN),
            query.before.unwrap_or(i64::MAX),
            // One more tells whether there are more.
            i64::try_from(query.limit.max(1)).map_or(i64::MAX, |limit| limit.saturating_add(1)),
        ],
        |row| {
            let (number, line) = columns::read_log_line(&mut Columns::of(row))?;
            Ok(NumberedLine::cut(number, line, query.text_bytes_max))
        },
    )?;
    LogPage::take(rows, query)
}

fn sql(query: &LogQuery) -> &'static str {
    match (&query.request_id, &query.execution_id, query.tail) {
        (Some(_), _, false) => include_str!("../sql/logs/lines_request_first.sql"),
        (Some(_), _, true) => include_str!("../sql/logs/lines_request_last.sql"),
        (None, Some(_), false) => include_str!("../sql/logs/lines_execution_first.sql"),
        (None, Some(_), true) => include_str!("../sql/logs/lines_execution_last.sql"),
        (None, None, false) => include_str!("../sql/logs/lines_all_first.sql"),
        (None, None, true) => include_str!("../sql/logs/lines_all_last.sql"),
    }
}

/// The newest segments of a trace, or of all, in order of arrival.
pub(super) fn segments(
    connection: &Connection,
    trace_id: Option<&str>,
    limit: usize,
    bytes_max: usize,
) -> rusqlite::Result<Vec<Segment>> {
    let sql = match trace_id {
        Some(_) => include_str!("../sql/logs/segments_of_trace.sql"),
        None => include_str!("../sql/logs/segments_all.sql"),
    };
    let mut statement = connection.prepare_cached(sql)?;
    let limit = i64::try_from(limit.max(1)).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![trace_id, limit], |row| {
        columns::read_segment(&mut Columns::of(row))
    })?;
    let mut segments = within_bytes(rows, bytes_max, |segment| segment.document.len())?;
    segments.reverse();
    Ok(segments)
}
