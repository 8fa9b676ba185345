//! What is to be done, and when.

use model::{ExecutionId, Timestamp};
use rusqlite::Connection;
use store::ScheduleMark;

use super::row_limit;
use crate::cells::Columns;

/// The soonest deadlines.
pub(crate) fn deadlines(
    connection: &Connection,
    limit: usize,
) -> rusqlite::Result<Vec<(Timestamp, ExecutionId)>> {
    read_deadlines(connection, include_str!("../sql/read/deadlines.sql"), limit)
}

/// The soonest deadlines of executions that have not ended.
pub(crate) fn waking_deadlines(
    connection: &Connection,
    limit: usize,
) -> rusqlite::Result<Vec<(Timestamp, ExecutionId)>> {
    read_deadlines(
        connection,
        include_str!("../sql/read/waking_deadlines.sql"),
        limit,
    )
}

fn read_deadlines(
    connection: &Connection,
    sql: &str,
    limit: usize,
) -> rusqlite::Result<Vec<(Timestamp, ExecutionId)>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([row_limit(limit)], |row| {
        let mut columns = Columns::of(row);
        Ok((columns.instant()?, columns.parsed(ExecutionId::parse)?))
    })?;
    rows.collect()
}

/// Executions that a restarted server takes up again.
pub(crate) fn owing_work(
    connection: &Connection,
    after: Option<&ExecutionId>,
    limit: usize,
) -> rusqlite::Result<Vec<ExecutionId>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/owing_work.sql"))?;
    let after = after.map_or("", ExecutionId::as_str);
    let rows = statement.query_map((after, row_limit(limit)), |row| {
        Columns::of(row).parsed(ExecutionId::parse)
    })?;
    rows.collect()
}

/// How far all schedules have come, by ARN.
pub(crate) fn schedule_marks(connection: &Connection) -> rusqlite::Result<Vec<ScheduleMark>> {
    let mut statement =
        connection.prepare_cached(include_str!("../sql/read/schedule_marks.sql"))?;
    let rows = statement.query_map([], |row| {
        let mut columns = Columns::of(row);
        Ok(ScheduleMark {
            schedule: columns.next()?,
            definition: columns.next()?,
            done_until: columns.instant()?,
        })
    })?;
    rows.collect()
}
