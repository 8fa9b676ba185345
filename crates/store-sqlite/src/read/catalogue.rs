//! Versions, aliases and settings of functions.

use model::FunctionName;
use rusqlite::Connection;
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
        let mut columns = Columns::of(row);
        Ok(FunctionVersionRecord {
            function: columns.parsed(FunctionName::parse)?,
            version: columns.parsed_text()?,
            code_sha256: columns.next()?,
            config_sha256: columns.next()?,
            code_dir: columns.next()?,
            configuration: columns.next()?,
            published_at: columns.instant()?,
        })
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
        let mut columns = Columns::of(row);
        Ok(AliasRecord {
            function: columns.parsed(FunctionName::parse)?,
            name: columns.next()?,
            version: columns.parsed_text()?,
            description: columns.next()?,
            routing: columns.next()?,
            revision_id: columns.next()?,
        })
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
        let mut columns = Columns::of(row);
        Ok(FunctionSettingsRecord {
            function: columns.parsed(FunctionName::parse)?,
            settings: columns.next()?,
        })
    })
}
