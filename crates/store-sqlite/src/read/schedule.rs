//! What is to be done, and when.

use model::{ExecutionId, Owner, Timestamp};
use rusqlite::Connection;
use store::SetAside;

use super::row_limit;
use crate::cells::Columns;

/// The soonest deadlines.
pub(crate) fn deadlines(
    connection: &Connection,
    limit: usize,
) -> rusqlite::Result<Vec<(Timestamp, ExecutionId)>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/deadlines.sql"))?;
    let rows = statement.query_map([row_limit(limit)], |row| {
        let mut columns = Columns::of(row);
        Ok((columns.instant()?, columns.parsed(ExecutionId::parse)?))
    })?;
    rows.collect()
}

/// Executions that a server takes up when it starts.
pub(crate) fn owing_work(
    connection: &Connection,
    owner: Owner,
) -> rusqlite::Result<Vec<ExecutionId>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/owing_work.sql"))?;
    let rows = statement.query_map([owner.0.cast_signed()], |row| {
        Columns::of(row).parsed(ExecutionId::parse)
    })?;
    rows.collect()
}

/// Executions that are set aside.
pub(crate) fn set_aside(connection: &Connection) -> rusqlite::Result<Vec<SetAside>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/set_aside.sql"))?;
    let rows = statement.query_map([], |row| {
        let mut columns = Columns::of(row);
        Ok(SetAside {
            execution_id: columns.parsed(ExecutionId::parse)?,
            set_aside_at: columns.instant()?,
            attempted: columns.next()?,
            reason: columns.next()?,
        })
    })?;
    rows.collect()
}
