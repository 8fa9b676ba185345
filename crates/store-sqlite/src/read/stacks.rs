//! Stacks.

use rusqlite::Connection;
use store::{StackList, StackRecord, StacksRevision};

use crate::cells::Columns;
use crate::unreadable::{Kind, readable};
use store::columns::Cells as _;

/// The revision of the stacks.
pub(crate) fn stacks_revision(connection: &Connection) -> rusqlite::Result<StacksRevision> {
    let sql = include_str!("../sql/read/stacks_revision.sql");
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row([], |row| Columns::of(row).bits().map(StacksRevision))
}

/// All stacks, by name.
pub(crate) fn stacks(connection: &Connection) -> rusqlite::Result<StackList> {
    // First, so that the data read after it is not older.
    let revision = stacks_revision(connection)?;
    let mut statement = connection.prepare_cached(include_str!("../sql/read/stacks.sql"))?;
    let kind = Kind {
        name: "stack",
        key: &[0],
    };
    let stacks = readable(statement.query([])?, kind, |row| {
        let mut columns = Columns::of(row);
        Ok(StackRecord {
            name: columns.next()?,
            document: columns.next()?,
            deployed_at: columns.instant()?,
        })
    })?;
    Ok(StackList { revision, stacks })
}
