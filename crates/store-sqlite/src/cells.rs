//! Binding the parameters of a statement and reading the columns of a row, one after the other.

use std::error::Error;
use std::str::FromStr;

use model::{ErrorObject, InvalidId, OperationId, Payload, Timestamp};
use rusqlite::types::{FromSql, ToSql, Type};
use rusqlite::{Row, Statement};
use store::columns::Code;

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

    pub fn skip(&mut self, columns: usize) {
        self.read += columns;
    }

    pub fn instant(&mut self) -> rusqlite::Result<Timestamp> {
        self.next().map(Timestamp::from_millis)
    }

    pub fn optional_instant(&mut self) -> rusqlite::Result<Option<Timestamp>> {
        let millis: Option<i64> = self.next()?;
        Ok(millis.map(Timestamp::from_millis))
    }

    /// A number that was a `u64` when it was written; only its bits count.
    pub fn bits(&mut self) -> rusqlite::Result<u64> {
        self.next().map(i64::cast_unsigned)
    }

    pub fn payload(&mut self) -> rusqlite::Result<Option<Payload>> {
        let value = self.row.get_ref(self.read)?;
        self.read += 1;
        let text = value.as_str_or_null();
        let text = text.map_err(|cause| self.unreadable(cause))?;
        Ok(text.map(Payload::from))
    }

    /// A text that has to be parsed.
    pub fn parsed<T, E>(&mut self, parse: impl FnOnce(&str) -> Result<T, E>) -> rusqlite::Result<T>
    where
        E: Error + Send + Sync + 'static,
    {
        let value = self.row.get_ref(self.read)?;
        self.read += 1;
        let text = value.as_str().map_err(|cause| self.unreadable(cause))?;
        parse(text).map_err(|cause| self.unreadable(cause))
    }

    /// A text that has to be parsed, where there is one.
    pub fn optional_parsed<T, E>(
        &mut self,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> rusqlite::Result<Option<T>>
    where
        E: Error + Send + Sync + 'static,
    {
        let value = self.row.get_ref(self.read)?;
        self.read += 1;
        let text = value.as_str_or_null();
        let text = text.map_err(|cause| self.unreadable(cause))?;
        let parsed = text.map(parse).transpose();
        parsed.map_err(|cause| self.unreadable(cause))
    }

    pub fn parsed_text<T>(&mut self) -> rusqlite::Result<T>
    where
        T: FromStr,
        T::Err: Error + Send + Sync + 'static,
    {
        self.parsed(str::parse)
    }

    pub fn code<T: Code>(&mut self) -> rusqlite::Result<T> {
        self.parsed(T::from_code)
    }

    pub fn ids(&mut self) -> rusqlite::Result<Vec<OperationId>> {
        let parse = |text: &str| -> Result<Vec<OperationId>, InvalidId> {
            text.split(',').map(OperationId::parse).collect()
        };
        Ok(self.optional_parsed(parse)?.unwrap_or_default())
    }

    /// The five columns of an error.
    pub fn error(&mut self) -> rusqlite::Result<Option<ErrorObject>> {
        let has_error: bool = self.next()?;
        if !has_error {
            self.skip(4);
            return Ok(None);
        }
        Ok(Some(ErrorObject {
            error_type: self.next()?,
            message: self.next()?,
            data: self.next()?,
            stack_trace: self.optional_parsed(|text| serde_json::from_str(text))?,
        }))
    }

    /// That the column which was read last holds something that this program did not write.
    fn unreadable(&self, cause: impl Error + Send + Sync + 'static) -> rusqlite::Error {
        rusqlite::Error::FromSqlConversionFailure(self.read - 1, Type::Text, Box::new(cause))
    }
}
