//! Reading the columns of a row, one after the other.

use std::error::Error;

use model::ExecutionStatus;
use store::columns::{Cells, Code};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::fault::ReadError;
use crate::text::given;

/// Reads columns in order.
pub(crate) struct Columns<'a> {
    row: &'a Row,
    read: usize,
}

type Read<T> = Result<T, ReadError>;

impl<'a> Columns<'a> {
    pub const fn of(row: &'a Row) -> Self {
        Self { row, read: 0 }
    }

    /// A value as PostgreSQL has it; texts only where they are ours.
    pub fn next<T: FromSql<'a>>(&mut self) -> Read<T> {
        let column = self.read;
        self.read += 1;
        let value = self.row.try_get(column);
        value.map_err(|cause| self.undecodable(column, cause))
    }
}

impl Cells for Columns<'_> {
    type Error = ReadError;

    fn position(&self) -> usize {
        self.read
    }

    fn skip(&mut self, columns: usize) {
        self.read += columns;
    }

    fn optional_number(&mut self) -> Read<Option<i64>> {
        self.next()
    }

    fn optional_flag(&mut self) -> Read<Option<bool>> {
        self.next()
    }

    fn optional_text_as<T>(&mut self, make: impl FnOnce(&str) -> T) -> Read<Option<T>> {
        let stored: Option<&str> = self.next()?;
        Ok(stored.map(|stored| make(&given(stored))))
    }

    fn optional_parsed<T, E>(&mut self, parse: impl FnOnce(&str) -> Result<T, E>) -> Read<Option<T>>
    where
        E: Error + Send + Sync + 'static,
    {
        let text: Option<&str> = self.next()?;
        let parsed = text.map(parse).transpose();
        parsed.map_err(|cause| self.undecodable(self.read - 1, cause))
    }

    fn bytes(&mut self) -> Read<Vec<u8>> {
        self.next()
    }

    fn undecodable(&self, position: usize, cause: impl Error + Send + Sync + 'static) -> ReadError {
        let column = self.row.columns().get(position);
        ReadError::Undecodable {
            column: column.map_or_else(|| "?".to_owned(), |column| column.name().to_owned()),
            cause: Box::new(cause),
        }
    }
}

/// The words of statuses, as an array; `None` for all of them.
pub(crate) fn status_words(statuses: &[ExecutionStatus]) -> Option<Vec<&'static str>> {
    let words = statuses.iter().map(Code::code).collect::<Vec<_>>();
    (!words.is_empty()).then_some(words)
}
