//! Due deadlines, owed work, executions set aside, versions still needed.
//!
//! A file has one server, which drives all shards: other shards are left out row by row, which delays no caller.

use model::{ExecutionId, FunctionName, Owner, Shards, Timestamp, Version};
use rusqlite::Connection;
use store::SetAside;

use super::page::row_limit;
use crate::cells::Columns;
use crate::unreadable::{Kind, page_of, readable, readable_row};
use store::columns::Cells as _;

/// The soonest deadlines.
pub(crate) fn deadlines(
    connection: &Connection,
    of: Shards,
    limit: usize,
) -> rusqlite::Result<Vec<(Timestamp, ExecutionId)>> {
    let sql = include_str!("../sql/read/deadlines.sql");
    read_deadlines(connection, sql, of, limit)
}

/// The soonest deadlines of executions that have not ended.
pub(crate) fn waking_deadlines(
    connection: &Connection,
    of: Shards,
    limit: usize,
) -> rusqlite::Result<Vec<(Timestamp, ExecutionId)>> {
    let sql = include_str!("../sql/read/waking_deadlines.sql");
    read_deadlines(connection, sql, of, limit)
}

fn read_deadlines(
    connection: &Connection,
    sql: &str,
    of: Shards,
    limit: usize,
) -> rusqlite::Result<Vec<(Timestamp, ExecutionId)>> {
    let mut statement = connection.prepare_cached(sql)?;
    let kind = Kind {
        name: "deadline of execution",
        key: &[1],
    };
    page_of(
        &mut statement,
        row_limit(limit),
        |statement, limit| statement.query([limit]),
        |row| {
            let deadline = readable_row(row, kind, |row| {
                let mut columns = Columns::of(row);
                Ok((columns.instant()?, columns.parsed(ExecutionId::parse)?))
            })?;
            Ok(deadline.filter(|(_, id)| of.contains(id.shard())))
        },
    )
}

/// Executions that a server takes up when it begins to drive these shards.
pub(crate) fn owing_work(
    connection: &Connection,
    owner: Owner,
    of: Shards,
) -> rusqlite::Result<Vec<ExecutionId>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/owing_work.sql"))?;
    let kind = Kind {
        name: "work of execution",
        key: &[0],
    };
    let rows = statement.query([owner.0.cast_signed()])?;
    let mut owing = readable(rows, kind, |row| {
        Columns::of(row).parsed(ExecutionId::parse)
    })?;
    owing.retain(|id| of.contains(id.shard()));
    Ok(owing)
}

/// Executions that are set aside.
pub(crate) fn set_aside(connection: &Connection) -> rusqlite::Result<Vec<SetAside>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/set_aside.sql"))?;
    let kind = Kind {
        name: "execution that is set aside",
        key: &[0],
    };
    readable(statement.query([])?, kind, |row| {
        let mut columns = Columns::of(row);
        Ok(SetAside {
            execution_id: columns.parsed(ExecutionId::parse)?,
            set_aside_at: columns.instant()?,
            attempted: columns.next()?,
            reason: columns.next()?,
        })
    })
}

/// Versions that something open needs. One that cannot be read fails the list: a caller that takes the list for
/// complete removes the versions that are not in it.
pub(crate) fn versions_needed(
    connection: &Connection,
) -> rusqlite::Result<Vec<(FunctionName, Version)>> {
    let mut statement =
        connection.prepare_cached(include_str!("../sql/read/versions_needed.sql"))?;
    let rows = statement.query_map([], |row| {
        let mut columns = Columns::of(row);
        let function = columns.parsed(FunctionName::parse)?;
        Ok((function, columns.parsed_text()?))
    })?;
    rows.collect()
}
