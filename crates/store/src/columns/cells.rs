//! The columns of a row, read one after the other, for all databases.

use std::error::Error;
use std::str::FromStr;

use model::{ErrorObject, InvalidId, OperationId, Payload, Timestamp};
use thiserror::Error;

use super::code::Code;

/// A column that always has a value, and has none here.
#[derive(Debug, Error)]
#[error("there is no value in column {0}, counted from 0")]
struct Missing(usize);

/// Reads columns in order. A value that cannot be decoded was not written by this program.
pub trait Cells {
    type Error;

    /// How many columns have been read or skipped.
    fn position(&self) -> usize;

    fn skip(&mut self, columns: usize);

    fn optional_number(&mut self) -> Result<Option<i64>, Self::Error>;

    fn optional_flag(&mut self) -> Result<Option<bool>, Self::Error>;

    /// A text that any character may be in.
    fn optional_text_as<T>(
        &mut self,
        make: impl FnOnce(&str) -> T,
    ) -> Result<Option<T>, Self::Error>;

    /// A text of ours that has to be parsed, where there is one.
    fn optional_parsed<T, E>(
        &mut self,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Self::Error>
    where
        E: Error + Send + Sync + 'static;

    fn bytes(&mut self) -> Result<Vec<u8>, Self::Error>;

    /// That the column at this position, counted from 0, cannot be decoded.
    fn undecodable(
        &self,
        position: usize,
        cause: impl Error + Send + Sync + 'static,
    ) -> Self::Error;

    /// That there is a value in the column which was read last.
    fn present<T>(&self, value: Option<T>) -> Result<T, Self::Error> {
        let position = self.position() - 1;
        value.ok_or_else(|| self.undecodable(position, Missing(position)))
    }

    fn number(&mut self) -> Result<i64, Self::Error> {
        let number = self.optional_number()?;
        self.present(number)
    }

    /// A number that was a `u64` when it was written; only its bits count.
    fn bits(&mut self) -> Result<u64, Self::Error> {
        self.number().map(i64::cast_unsigned)
    }

    fn optional_bits(&mut self) -> Result<Option<u64>, Self::Error> {
        Ok(self.optional_number()?.map(i64::cast_unsigned))
    }

    /// A number that has to fit its type.
    fn count<T>(&mut self) -> Result<T, Self::Error>
    where
        T: TryFrom<i64>,
        T::Error: Error + Send + Sync + 'static,
    {
        let count = self.optional_count()?;
        self.present(count)
    }

    fn optional_count<T>(&mut self) -> Result<Option<T>, Self::Error>
    where
        T: TryFrom<i64>,
        T::Error: Error + Send + Sync + 'static,
    {
        let count = self.optional_number()?.map(T::try_from).transpose();
        count.map_err(|cause| self.undecodable(self.position() - 1, cause))
    }

    /// Whether a flag is set: one that is NULL is not.
    fn flag(&mut self) -> Result<bool, Self::Error> {
        Ok(self.optional_flag()?.unwrap_or(false))
    }

    fn instant(&mut self) -> Result<Timestamp, Self::Error> {
        self.number().map(Timestamp::from_millis)
    }

    fn optional_instant(&mut self) -> Result<Option<Timestamp>, Self::Error> {
        Ok(self.optional_number()?.map(Timestamp::from_millis))
    }

    fn text(&mut self) -> Result<String, Self::Error> {
        let text = self.optional_text()?;
        self.present(text)
    }

    fn optional_text(&mut self) -> Result<Option<String>, Self::Error> {
        self.optional_text_as(str::to_owned)
    }

    fn payload(&mut self) -> Result<Option<Payload>, Self::Error> {
        self.optional_text_as(|text| Payload::from(text))
    }

    /// A text of ours that has to be parsed.
    fn parsed<T, E>(&mut self, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<T, Self::Error>
    where
        E: Error + Send + Sync + 'static,
    {
        let parsed = self.optional_parsed(parse)?;
        self.present(parsed)
    }

    fn parsed_text<T>(&mut self) -> Result<T, Self::Error>
    where
        T: FromStr,
        T::Err: Error + Send + Sync + 'static,
    {
        self.parsed(str::parse)
    }

    fn code<T: Code>(&mut self) -> Result<T, Self::Error> {
        self.parsed(T::from_code)
    }

    /// Operation ids as one text, separated by commas, which no id contains.
    fn ids(&mut self) -> Result<Vec<OperationId>, Self::Error> {
        let parse = |text: &str| -> Result<Vec<OperationId>, InvalidId> {
            text.split(',').map(OperationId::parse).collect()
        };
        Ok(self.optional_parsed(parse)?.unwrap_or_default())
    }

    /// The five columns of an error.
    fn error(&mut self) -> Result<Option<ErrorObject>, Self::Error> {
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
}
