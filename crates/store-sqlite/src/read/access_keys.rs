//! Access keys.

use rusqlite::Connection;
use store::AccessKeyRecord;

use crate::cells::Columns;
use crate::unreadable::{Kind, readable};
use store::columns::Cells as _;

/// All access keys, by name.
pub(crate) fn access_keys(connection: &Connection) -> rusqlite::Result<Vec<AccessKeyRecord>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/access_keys.sql"))?;
    let kind = Kind {
        name: "access key",
        key: &[0],
    };
    readable(statement.query([])?, kind, |row| {
        let mut columns = Columns::of(row);
        Ok(AccessKeyRecord {
            id: columns.next()?,
            name: columns.next()?,
            sealed_secret: columns.next()?,
            policies: columns.next()?,
            created_at: columns.instant()?,
            rotated_at: columns.instant()?,
            disabled_at: columns.optional_instant()?,
        })
    })
}
