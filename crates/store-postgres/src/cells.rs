//! Reading the columns of a row, one after the other.

use std::error::Error;
use std::str::FromStr;

use model::{ErrorObject, ExecutionStatus, InvalidId, OperationId, Payload, Timestamp};
use store::columns::Code;
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
        value.map_err(|cause| self.undecodable(cause))
    }

    pub const fn skip(&mut self, columns: usize) {
        self.read += columns;
    }

    /// A text that any character may be in.
    pub fn text(&mut self) -> Read<String> {
        let stored: &str = self.next()?;
        Ok(given(stored).into_owned())
    }

    pub fn optional_text(&mut self) -> Read<Option<String>> {
        let stored: Option<&str> = self.next()?;
        Ok(stored.map(|stored| given(stored).into_owned()))
    }

    pub fn payload(&mut self) -> Read<Option<Payload>> {
        let stored: Option<&str> = self.next()?;
        Ok(stored.map(|stored| Payload::from(&*given(stored))))
    }

    /// Whether a flag is set: one that is NULL is not.
    pub fn flag(&mut self) -> Read<bool> {
        Ok(self.next::<Option<bool>>()?.unwrap_or(false))
    }

    pub fn instant(&mut self) -> Read<Timestamp> {
        self.next().map(Timestamp::from_millis)
    }

    pub fn optional_instant(&mut self) -> Read<Option<Timestamp>> {
        let millis: Option<i64> = self.next()?;
        Ok(millis.map(Timestamp::from_millis))
    }

    /// A number that was a `u64` when it was written; only its bits count.
    pub fn bits(&mut self) -> Read<u64> {
        self.next().map(i64::cast_unsigned)
    }

    pub fn optional_bits(&mut self) -> Read<Option<u64>> {
        let bits: Option<i64> = self.next()?;
        Ok(bits.map(i64::cast_unsigned))
    }

    /// A number that has to fit its type.
    pub fn count<T>(&mut self) -> Read<T>
    where
        T: TryFrom<i64>,
        T::Error: Error + Send + Sync + 'static,
    {
        let number: i64 = self.next()?;
        T::try_from(number).map_err(|cause| self.undecodable(cause))
    }

    pub fn optional_count<T>(&mut self) -> Read<Option<T>>
    where
        T: TryFrom<i64>,
        T::Error: Error + Send + Sync + 'static,
    {
        let number: Option<i64> = self.next()?;
        let number = number.map(T::try_from).transpose();
        number.map_err(|cause| self.undecodable(cause))
    }

    /// A text that has to be parsed.
    pub fn parsed<T, E>(&mut self, parse: impl FnOnce(&str) -> Result<T, E>) -> Read<T>
    where
        E: Error + Send + Sync + 'static,
    {
        let text: &str = self.next()?;
        parse(text).map_err(|cause| self.undecodable(cause))
    }

    /// A text that has to be parsed, where there is one.
    pub fn optional_parsed<T, E>(
        &mut self,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Read<Option<T>>
    where
        E: Error + Send + Sync + 'static,
    {
        let text: Option<&str> = self.next()?;
        let parsed = text.map(parse).transpose();
        parsed.map_err(|cause| self.undecodable(cause))
    }

    pub fn parsed_text<T>(&mut self) -> Read<T>
    where
        T: FromStr,
        T::Err: Error + Send + Sync + 'static,
    {
        self.parsed(str::parse)
    }

    pub fn code<T: Code>(&mut self) -> Read<T> {
        self.parsed(T::from_code)
    }

    pub fn ids(&mut self) -> Read<Vec<OperationId>> {
        let parse = |text: &str| -> Result<Vec<OperationId>, InvalidId> {
            text.split(',').map(OperationId::parse).collect()
        };
        Ok(self.optional_parsed(parse)?.unwrap_or_default())
    }

    /// The five columns of an error.
    pub fn error(&mut self) -> Read<Option<ErrorObject>> {
        if !self.flag()? {
            self.skip(4);
            return Ok(None);
        }
        Ok(Some(ErrorObject {
            error_type: self.optional_text()?,
            message: self.optional_text()?,
            data: self.optional_text()?,
            stack_trace: self.optional_parsed(|text| serde_json::from_str(text))?,
        }))
    }

    /// That the column which was read last holds something that this program did not write.
    fn undecodable(&self, cause: impl Error + Send + Sync + 'static) -> ReadError {
        let column = self.row.columns().get(self.read - 1);
        ReadError::Undecodable {
            column: column.map_or_else(|| "?".to_owned(), |column| column.name().to_owned()),
            cause: Box::new(cause),
        }
    }
}

/// The words of statuses, as an array; none for all of them.
pub(crate) fn status_words(statuses: &[ExecutionStatus]) -> Option<Vec<&'static str>> {
    let words = statuses.iter().map(Code::code).collect::<Vec<_>>();
    (!words.is_empty()).then_some(words)
}
