//! What is due, what is owed, what is set aside, what is still needed.

use model::{ExecutionId, FunctionName, Owner, Timestamp, Version};
use rusqlite::Connection;
use store::SetAside;

use super::row_limit;
use crate::cells::Columns;
use crate::unreadable::{Kind, readable, readable_page};

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
    readable_page(
        &mut statement,
        Kind {
            name: "deadline of execution",
            key: &[1],
        },
        row_limit(limit),
        |statement, limit| statement.query([limit]),
        |row| {
            let mut columns = Columns::of(row);
            Ok((columns.instant()?, columns.parsed(ExecutionId::parse)?))
        },
    )
}

/// Executions that a server takes up when it starts.
pub(crate) fn owing_work(
    connection: &Connection,
    owner: Owner,
) -> rusqlite::Result<Vec<ExecutionId>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/owing_work.sql"))?;
    readable_page(
        &mut statement,
        Kind {
            name: "work of execution",
            key: &[0],
        },
        row_limit(usize::MAX),
        |statement, _| statement.query([owner.0.cast_signed()]),
        |row| Columns::of(row).parsed(ExecutionId::parse),
    )
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

/// Versions that something open needs. One that cannot be read fails the list: whoever takes it for
/// whole removes what is not in it.
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
