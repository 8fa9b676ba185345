//! Reading logs and traces.

use model::{ExecutionId, FunctionName, RequestId};
use rusqlite::{Connection, Row, params};
use store::{LogLine, LogQuery, Segment};

use crate::cells::Columns;

/// Lines that match, in order.
pub(super) fn lines(
    connection: &Connection,
    query: &LogQuery,
) -> rusqlite::Result<Vec<(i64, LogLine)>> {
    let mut statement = connection.prepare_cached(sql(query))?;
    let rows = statement.query_map(
        params![
            query.function.as_ref().map(|function| function.as_str()),
            query.execution_id.as_ref().map(|id| id.as_str()),
            query.request_id.as_ref().map(|id| id.as_str()),
            query.after.unwrap_or(i64::MIN),
            i64::try_from(query.limit.max(1)).unwrap_or(i64::MAX),
        ],
        read_line,
    )?;
    let mut lines: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    if query.tail {
        lines.reverse();
    }
    Ok(lines)
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

fn read_line(row: &Row<'_>) -> rusqlite::Result<(i64, LogLine)> {
    let mut columns = Columns::of(row);
    let number = columns.next()?;
    let line = LogLine {
        at: columns.instant()?,
        function: columns.parsed(FunctionName::parse)?,
        version: columns.parsed_text()?,
        request_id: columns.optional_parsed(RequestId::parse)?,
        execution_id: columns.optional_parsed(ExecutionId::parse)?,
        stream: columns.code()?,
        text: columns.next()?,
    };
    Ok((number, line))
}

/// The newest segments of a trace, or of all, in order of arrival.
pub(super) fn segments(
    connection: &Connection,
    trace_id: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Vec<Segment>> {
    let sql = match trace_id {
        Some(_) => include_str!("../sql/logs/segments_of_trace.sql"),
        None => include_str!("../sql/logs/segments_all.sql"),
    };
    let mut statement = connection.prepare_cached(sql)?;
    let limit = i64::try_from(limit.max(1)).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![trace_id, limit], |row| {
        let mut columns = Columns::of(row);
        Ok(Segment {
            trace_id: columns.next()?,
            at: columns.instant()?,
            document: columns.next()?,
        })
    })?;
    let mut segments: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    segments.reverse();
    Ok(segments)
}
