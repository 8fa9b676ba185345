//! Rows that cannot be decoded: lists leave them out, and say so.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_postgres::Row;

use crate::fault::ReadError;

/// Different rows that are remembered, so that each is said once; past that none is said or counted.
const ROWS_MAX: usize = 10_000;

/// Rows that are shown to people.
const SHOWN_MAX: usize = 20;

/// The rows of one database that lists left out.
#[derive(Debug, Default)]
pub(crate) struct UnreadableRows {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    rows: HashSet<String>,
    first: Vec<String>,
}

impl UnreadableRows {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that something was left out.
    fn note(&self, row: String) {
        let mut known = self.known();
        if known.rows.len() >= ROWS_MAX || !known.rows.insert(row.clone()) {
            return;
        }
        tracing::warn!("left out of lists, because it cannot be decoded: {row}");
        if known.first.len() < SHOWN_MAX {
            known.first.push(row);
        }
    }

    /// How many different rows there were.
    pub fn count(&self) -> u64 {
        self.known().rows.len() as u64
    }

    /// The first of them, for people.
    pub fn first(&self) -> Vec<String> {
        self.known().first.clone()
    }

    /// Reads one row; none, and noted, when it cannot be decoded. `kind` says what it is.
    pub fn readable<T>(
        &self,
        kind: &str,
        row: &Row,
        read: impl FnOnce(&Row) -> Result<T, ReadError>,
    ) -> Option<T> {
        match read(row) {
            Ok(value) => Some(value),
            Err(error) => {
                self.note(format!(
                    "{kind} `{}`: {}",
                    shown(row),
                    stdx::error_chain(&error)
                ));
                None
            }
        }
    }

    /// Reads all rows that can be decoded.
    pub fn all<T>(
        &self,
        kind: &str,
        rows: &[Row],
        read: impl Fn(&Row) -> Result<T, ReadError>,
    ) -> Vec<T> {
        rows.iter()
            .filter_map(|row| self.readable(kind, row, &read))
            .collect()
    }
}

/// What tells a person which row it is: its first texts and numbers.
fn shown(row: &Row) -> String {
    let columns = 0..row.len().min(8);
    let words = columns.filter_map(|column| {
        let text = row.try_get::<_, Option<&str>>(column).ok().flatten();
        let number = || row.try_get::<_, Option<i64>>(column).ok().flatten();
        text.map(|text| text.chars().take(64).collect())
            .or_else(|| number().map(|number| number.to_string()))
    });
    words.collect::<Vec<String>>().join(" ")
}
