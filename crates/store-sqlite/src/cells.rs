//! Binding the parameters of a statement and reading the columns of a row, one after the other.

use std::error::Error;

use model::{ErrorObject, OperationId, Payload, Timestamp};
use rusqlite::types::{FromSql, ToSql, Type};
use rusqlite::{Row, Statement};
use store::columns::Cells;

/// Binds parameters in order. Plain calls instead of an array of trait objects: this is the hot
/// path of every commit.
pub(crate) struct Parameters<'a, 'c> {
    statement: &'a mut Statement<'c>,
    bound: usize,
}

impl<'a, 'c> Parameters<'a, 'c> {
    /// All parameters are NULL to begin with.
    pub fn of(statement: &'a mut Statement<'c>) -> Self {
        statement.clear_bindings();
        Self {
            statement,
            bound: 0,
        }
    }

    pub fn add(&mut self, value: impl ToSql) -> rusqlite::Result<()> {
        self.bound += 1;
        self.statement.raw_bind_parameter(self.bound, value)
    }

    /// Leaves parameters NULL.
    pub fn add_nulls(&mut self, count: usize) {
        self.bound += count;
    }

    pub fn add_instant(&mut self, at: Option<Timestamp>) -> rusqlite::Result<()> {
        self.add(at.map(Timestamp::as_millis))
    }

    pub fn add_text(&mut self, text: Option<&String>) -> rusqlite::Result<()> {
        self.add(text.map(String::as_str))
    }

    pub fn add_payload(&mut self, payload: Option<&Payload>) -> rusqlite::Result<()> {
        self.add(payload.map(Payload::as_str))
    }

    /// Operation ids as one text, separated by commas, which no id contains.
    pub fn add_ids(&mut self, ids: &[OperationId]) -> rusqlite::Result<()> {
        match ids {
            [] => {
                self.add_nulls(1);
                Ok(())
            }
            [id] => self.add(id.as_str()),
            ids => {
                let ids: Vec<_> = ids.iter().map(OperationId::as_str).collect();
                self.add(ids.join(","))
            }
        }
    }

    /// The five columns of an error.
    pub fn add_error(&mut self, error: Option<&ErrorObject>) -> rusqlite::Result<()> {
        let Some(error) = error else {
            self.add(0)?;
            self.add_nulls(4);
            return Ok(());
        };
        self.add(1)?;
        self.add_text(error.error_type.as_ref())?;
        self.add_text(error.message.as_ref())?;
        self.add_text(error.data.as_ref())?;
        let frames = error.stack_trace.as_ref().map(serde_json::to_string);
        let frames = frames.transpose();
        self.add(frames.map_err(|cause| rusqlite::Error::ToSqlConversionFailure(cause.into()))?)
    }

    /// Runs the statement and returns how many rows it changed.
    pub fn execute(self) -> rusqlite::Result<usize> {
        self.statement.raw_execute()
    }
}

/// Reads columns in order.
pub(crate) struct Columns<'a, 'r> {
    row: &'a Row<'r>,
    read: usize,
}

impl<'a, 'r> Columns<'a, 'r> {
    pub fn of(row: &'a Row<'r>) -> Self {
        Self { row, read: 0 }
    }

    pub fn next<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        let column = self.read;
        self.read += 1;
        self.row.get(column)
    }

    fn next_text(&mut self) -> rusqlite::Result<Option<&'a str>> {
        let value = self.row.get_ref(self.read)?;
        self.read += 1;
        let text = value.as_str_or_null();
        text.map_err(|cause| self.undecodable(self.read - 1, cause))
    }
}

impl Cells for Columns<'_, '_> {
    type Error = rusqlite::Error;

    fn position(&self) -> usize {
        self.read
    }

    fn skip(&mut self, columns: usize) {
        self.read += columns;
    }

    fn optional_number(&mut self) -> rusqlite::Result<Option<i64>> {
        self.next()
    }

    fn optional_flag(&mut self) -> rusqlite::Result<Option<bool>> {
        self.next()
    }

    /// Every flag has a value here: without a value, its row is lost.
    fn flag(&mut self) -> rusqlite::Result<bool> {
        self.next()
    }

    fn optional_text_as<T>(&mut self, make: impl FnOnce(&str) -> T) -> rusqlite::Result<Option<T>> {
        Ok(self.next_text()?.map(make))
    }

    fn optional_parsed<T, E>(
        &mut self,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> rusqlite::Result<Option<T>>
    where
        E: Error + Send + Sync + 'static,
    {
        let parsed = self.next_text()?.map(parse).transpose();
        parsed.map_err(|cause| self.undecodable(self.read - 1, cause))
    }

    fn bytes(&mut self) -> rusqlite::Result<Vec<u8>> {
        self.next()
    }

    fn undecodable(
        &self,
        position: usize,
        cause: impl Error + Send + Sync + 'static,
    ) -> rusqlite::Error {
        rusqlite::Error::FromSqlConversionFailure(position, Type::Text, Box::new(cause))
    }
}
