//! How far schedules have come.

use rusqlite::Connection;
use store::ScheduleMark;

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
        let mut columns = Columns::of(row);
        Ok(ScheduleMark {
            schedule: columns.next()?,
            definition: columns.next()?,
            done_until: columns.instant()?,
        })
    })
}
