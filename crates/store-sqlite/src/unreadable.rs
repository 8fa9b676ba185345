//! Rows that cannot be decoded: lists leave them out, and say so.
//!
//! A row that a list leaves out is noted for the thread that reads, which hands the note on after each read: so the
//! functions that read need not pass on a receiver.

use std::cell::RefCell;
use std::ops::Deref;
use std::panic::{self, AssertUnwindSafe};

use rusqlite::types::ValueRef;
use rusqlite::{Error, Row, Rows, Statement};
use store::LeftOut;

use crate::fault::panic_message;

thread_local! {
    /// The rows that this thread's read has left out so far.
    static LEFT_OUT: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// The rows of one database that lists left out.
#[derive(Debug, Default)]
pub(crate) struct UnreadableRows(LeftOut);

impl Deref for UnreadableRows {
    type Target = LeftOut;

    fn deref(&self) -> &LeftOut {
        &self.0
    }
}

impl UnreadableRows {
    /// Takes the rows that this thread's last read left out.
    pub fn take_over(&self) {
        for row in LEFT_OUT.take() {
            self.0.note(row);
        }
    }
}

/// The kind of a list's entries: `execution`, `alias`; and the columns that tell a person which one it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub name: &'static str,
    pub key: &'static [usize],
}

/// Reads all rows that can be decoded.
pub(crate) fn readable<T>(
    mut rows: Rows<'_>,
    kind: Kind,
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut list = Vec::new();
    while let Some(row) = rows.next()? {
        list.extend(readable_row(row, kind, &mut read)?);
    }
    Ok(list)
}

/// Reads a page of rows, as many as asked for if as many can be decoded: a caller takes a shorter page for the end of
/// the list.
pub(crate) fn readable_page<'c, T>(
    statement: &mut Statement<'c>,
    kind: Kind,
    limit: i64,
    query: impl for<'s> Fn(&'s mut Statement<'c>, i64) -> rusqlite::Result<Rows<'s>>,
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    page_of(statement, limit, query, |row| {
        readable_row(row, kind, &mut read)
    })
}

/// As [`readable_page`], of rows for which `read` may itself return `None` to leave them out.
pub(crate) fn page_of<'c, T>(
    statement: &mut Statement<'c>,
    limit: i64,
    query: impl for<'s> Fn(&'s mut Statement<'c>, i64) -> rusqlite::Result<Rows<'s>>,
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<Option<T>>,
) -> rusqlite::Result<Vec<T>> {
    let mut asked = limit;
    loop {
        let mut rows = query(statement, asked)?;
        let (mut page, mut left_out) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            match read(row)? {
                Some(value) => page.push(value),
                None => left_out += 1,
            }
        }
        let seen = i64::try_from(page.len())
            .unwrap_or(i64::MAX)
            .saturating_add(left_out);
        // Asked again with room for the rows left out: it ends, because it asks for more each time and every database
        // ends.
        let wanted = limit.saturating_add(left_out);
        if seen < asked || wanted <= asked {
            page.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            return Ok(page);
        }
        asked = wanted;
    }
}

/// Reads one row; `None`, and noted, when it cannot be decoded. An error of the database itself is an error as ever.
pub(crate) fn readable_row<T>(
    row: &Row<'_>,
    kind: Kind,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    let why = match panic::catch_unwind(AssertUnwindSafe(|| read(row))) {
        Ok(Ok(value)) => return Ok(Some(value)),
        Ok(Err(error)) if is_undecodable(&error) => reason(&error),
        Ok(Err(error)) => return Err(error),
        Err(panic) => panic_message(panic.as_ref()),
    };
    let key: Vec<_> = kind.key.iter().map(|column| shown(row, *column)).collect();
    note(format!("{} `{}`: {why}", kind.name, key.join(" ")));
    Ok(None)
}

fn shown(row: &Row<'_>, column: usize) -> String {
    match row.get_ref(column) {
        Ok(ValueRef::Integer(key)) => key.to_string(),
        Ok(ValueRef::Text(key)) => String::from_utf8_lossy(&key[..key.len().min(128)]).into_owned(),
        Ok(ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_)) | Err(_) => "?".to_owned(),
    }
}

/// Notes that something was left out.
fn note(row: String) {
    LEFT_OUT.with_borrow_mut(|left_out| left_out.push(row));
}

/// Whether a row's content is at fault, and not the database, the disk or a statement of ours.
pub(crate) fn is_undecodable(error: &Error) -> bool {
    matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..)
    )
}

/// The cause that says most.
fn reason(error: &Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string()
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    const NUMBER: Kind = Kind {
        name: "number",
        key: &[0],
    };

    fn numbers(connection: &Connection, limit: i64) -> rusqlite::Result<Vec<i64>> {
        let mut statement =
            connection.prepare("SELECT key, value FROM numbers ORDER BY key LIMIT ?1")?;
        readable_page(
            &mut statement,
            NUMBER,
            limit,
            |statement, limit| statement.query([limit]),
            |row| {
                let value: i64 = row.get(1)?;
                assert_ne!(value, 13, "an unlucky number");
                Ok(value)
            },
        )
    }

    #[test]
    fn a_page_is_as_long_as_it_can_be_without_what_cannot_be_decoded() {
        let connection = Connection::open_in_memory().expect("a database");
        connection
            .execute_batch(
                "CREATE TABLE numbers (key, value);
                 INSERT INTO numbers VALUES (1, 'x'), (2, 20), (3, 'y'), (4, 13), (5, 50), (6, 60)",
            )
            .expect("a table");
        let rows = UnreadableRows::default();
        for _ in 0..2 {
            assert_eq!(numbers(&connection, 2).expect("readable"), [20, 50]);
            assert_eq!(numbers(&connection, 10).expect("readable"), [20, 50, 60]);
            rows.take_over();
        }
        assert_eq!(rows.count(), 3, "each once: {:?}", rows.first());
        assert!(rows.first()[0].starts_with("number `1`: "));
        assert!(rows.first()[2].contains("an unlucky number"));
    }

    #[test]
    fn what_the_database_says_is_an_error_as_ever() {
        let connection = Connection::open_in_memory().expect("a database");
        let mut statement = connection.prepare("SELECT 1").expect("it is right");
        let rows = statement.query([]).expect("it works");
        let read = |row: &Row<'_>| row.get::<_, i64>(7);
        readable(rows, NUMBER, read).expect_err("there is no such column");
    }
}
