//! What is to be done, and when.

use model::{ExecutionId, Timestamp};
use rusqlite::Connection;

use super::row_limit;
use crate::cells::Columns;
use crate::unreadable::{Kind, readable_page};

/// The soonest deadlines.
pub(crate) fn deadlines(
    connection: &Connection,
    limit: usize,
) -> rusqlite::Result<Vec<(Timestamp, ExecutionId)>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/deadlines.sql"))?;
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

/// Executions that a restarted server takes up again.
pub(crate) fn owing_work(
    connection: &Connection,
    after: Option<&ExecutionId>,
    limit: usize,
) -> rusqlite::Result<Vec<ExecutionId>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/owing_work.sql"))?;
    let after = after.map_or("", ExecutionId::as_str);
    readable_page(
        &mut statement,
        Kind {
            name: "work of execution",
            key: &[0],
        },
        row_limit(limit),
        |statement, limit| statement.query((after, limit)),
        |row| Columns::of(row).parsed(ExecutionId::parse),
    )
}
