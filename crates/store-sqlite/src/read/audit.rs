//! The record of changes.

use rusqlite::{Connection, OptionalExtension as _};
use store::columns::{Cells as _, Code as _};
use store::{AuditKind, AuditQuery, AuditRecord};

use super::page::row_limit;
use crate::cells::Columns;
use crate::unreadable::{Kind, readable};

/// Records, newest first.
pub(crate) fn audit(
    connection: &Connection,
    query: &AuditQuery,
) -> rusqlite::Result<Vec<AuditRecord>> {
    let kinds = [AuditKind::Management, AuditKind::Data];
    let wanted = kinds
        .into_iter()
        .filter(|kind| query.kind.is_none_or(|it| it == *kind));
    let mut found = Vec::new();
    for kind in wanted {
        found.extend(of_kind(connection, kind, query)?);
    }
    found.sort_by(|one: &AuditRecord, other| other.id.cmp(&one.id));
    found.truncate(query.limit.max(1));
    Ok(found)
}

fn of_kind(
    connection: &Connection,
    kind: AuditKind,
    query: &AuditQuery,
) -> rusqlite::Result<Vec<AuditRecord>> {
    let mut statement = connection.prepare_cached(include_str!("../sql/read/audit_records.sql"))?;
    let rows = statement.query((
        kind.code(),
        query.before.as_deref(),
        query.containing.as_deref(),
        row_limit(query.limit),
    ))?;
    let shown = Kind {
        name: "record of a change",
        key: &[0],
    };
    readable(rows, shown, |row| {
        let mut columns = Columns::of(row);
        Ok(AuditRecord {
            kind,
            id: columns.next()?,
            at: columns.instant()?,
            server: columns.next()?,
            who: columns.next()?,
            access_key_id: columns.next()?,
            source_ip: columns.next()?,
            action: columns.next()?,
            resource: columns.next()?,
            outcome: columns.next()?,
            status: columns.next()?,
            error: columns.next()?,
        })
    })
}

/// The id of the oldest of the newest so many records of a kind; `None` when there are fewer.
pub(crate) fn oldest_audit_kept(
    connection: &Connection,
    kind: AuditKind,
    records_max: usize,
) -> rusqlite::Result<Option<String>> {
    let mut statement =
        connection.prepare_cached(include_str!("../sql/read/oldest_audit_kept.sql"))?;
    let skipped = row_limit(records_max) - 1;
    statement
        .query_row((kind.code(), skipped), |row| row.get(0))
        .optional()
}
