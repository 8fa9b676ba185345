//! Rows that cannot be decoded: lists leave them out, and say so.

use std::ops::Deref;

use store::LeftOut;
use tokio_postgres::Row;

use crate::fault::ReadError;

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
    /// Reads one row; `None`, and noted, when it cannot be decoded. `kind` names its kind.
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

/// Tells a person which row it is: its first texts and numbers.
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
