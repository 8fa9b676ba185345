//! Versions, aliases and settings of functions.

use rusqlite::Connection;
use store::columns;
use store::{AliasRecord, FunctionSettingsRecord, FunctionVersionRecord};

use crate::cells::Columns;
use crate::unreadable::{Kind, readable};

/// All versions of all functions, by function and version.
pub(crate) fn function_versions(
    connection: &Connection,
) -> rusqlite::Result<Vec<FunctionVersionRecord>> {
    let mut statement =
        connection.prepare_cached(include_str!("../sql/read/function_versions.sql"))?;
    let kind = Kind {
        name: "function version",
        key: &[0, 1],
    };
    let read = readable(statement.query([])?, kind, |row| {
        columns::read_function_version(&mut Columns::of(row))
    });
    let mut versions = read?;
    versions.sort_by(|one: &FunctionVersionRecord, other| {
        (&one.function, &one.version).cmp(&(&other.function, &other.version))
    });
    Ok(versions)
}

/// All aliases of all functions, by function and name.
pub(crate) fn aliases(connection: &Connection) -> rusqlite::Result<Vec<AliasRecord>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/aliases.sql"))?;
    let kind = Kind {
        name: "alias",
        key: &[0, 1],
    };
    readable(statement.query([])?, kind, |row| {
        columns::read_alias(&mut Columns::of(row))
    })
}

/// The settings of all functions that have any, by function.
pub(crate) fn function_settings(
    connection: &Connection,
) -> rusqlite::Result<Vec<FunctionSettingsRecord>> {
    let mut statement =
        connection.prepare_cached(include_str!("../sql/read/function_settings.sql"))?;
    let kind = Kind {
        name: "settings of function",
        key: &[0],
    };
    readable(statement.query([])?, kind, |row| {
        columns::read_function_settings(&mut Columns::of(row))
    })
}
