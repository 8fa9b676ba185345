//! How far schedules have come.

use rusqlite::Connection;
use store::ScheduleMark;
use store::columns;

use crate::cells::Columns;
use crate::unreadable::{Kind, readable};

/// How far all schedules have come, by ARN.
pub(crate) fn schedule_marks(connection: &Connection) -> rusqlite::Result<Vec<ScheduleMark>> {
    let mut statement =
        connection.prepare_cached(include_str!("../sql/read/schedule_marks.sql"))?;
    let kind = Kind {
        name: "schedule",
        key: &[0],
    };
    readable(statement.query([])?, kind, |row| {
        columns::read_schedule_mark(&mut Columns::of(row))
    })
}
