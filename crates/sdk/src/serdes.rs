//! How values become the text that the service stores, and text a value.
//!
//! The format is JSON by serde unless an operation has a [`SerDes`] of its own.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::DurableContext;
use crate::error::{BoxError, Failure};
use crate::operation_id::OperationSpec;
use crate::payload;

/// Converts values to the text that is recorded, and back.
///
/// Operations take one with their method `serdes`, for example to encrypt the stored text, or to keep it elsewhere and
/// store a reference. The handler gets the result of [`deserialize`](Self::deserialize), both in the invocation that
/// runs the operation and in those that replay it, so the values are the same.
///
/// An error of either fails the operation with [`FailureKind::Serialization`](crate::FailureKind::Serialization), and
/// is not retried.
///
/// Source: option `serdes` of the official SDKs; conformance cases 1-6, 3-14, 4-15, 5-15, 6-11, 8-15, 9-14 and 9-19.
///
/// ```
/// use lambdura::{BoxError, SerDes, SerDesContext};
///
/// struct Hexadecimal;
///
/// impl SerDes<u64> for Hexadecimal {
///     fn serialize(&self, value: &u64, _: SerDesContext<'_>) -> Result<String, BoxError> {
///         Ok(format!("{value:x}"))
///     }
///
///     fn deserialize(&self, text: &str, _: SerDesContext<'_>) -> Result<u64, BoxError> {
///         Ok(u64::from_str_radix(text, 16)?)
///     }
/// }
/// # async fn handler(ctx: lambdura::DurableContext) -> Result<(), BoxError> {
/// # use lambdura::StepContext;
/// let total = ctx
///     .step(|_: StepContext| async { Ok::<u64, BoxError>(255) })
///     .serdes(Hexadecimal)
///     .await?;
/// # Ok(()) }
/// ```
pub trait SerDes<T>: Send + Sync {
    /// The text to record of a value.
    ///
    /// # Errors
    ///
    /// Any error that keeps the value from being recorded.
    fn serialize(&self, value: &T, context: SerDesContext<'_>) -> Result<String, BoxError>;

    /// The value of a recorded text; the text is empty where nothing was recorded, as for a callback completed without
    /// a result.
    ///
    /// # Errors
    ///
    /// Any error that keeps the text from being read.
    fn deserialize(&self, text: &str, context: SerDesContext<'_>) -> Result<T, BoxError>;
}

impl<T, S: SerDes<T> + ?Sized> SerDes<T> for &S {
    fn serialize(&self, value: &T, context: SerDesContext<'_>) -> Result<String, BoxError> {
        (**self).serialize(value, context)
    }

    fn deserialize(&self, text: &str, context: SerDesContext<'_>) -> Result<T, BoxError> {
        (**self).deserialize(text, context)
    }
}

/// Identifies the value that is being stored: the operation's id and the execution's ARN together are unique to it.
#[derive(Clone, Copy, Debug)]
pub struct SerDesContext<'a> {
    operation_id: &'a str,
    execution_arn: &'a str,
}

impl<'a> SerDesContext<'a> {
    /// The id of the operation whose result, state or payload the value is.
    #[must_use]
    pub fn operation_id(&self) -> &'a str {
        self.operation_id
    }

    /// The ARN of the execution.
    #[must_use]
    pub fn execution_arn(&self) -> &'a str {
        self.execution_arn
    }

    pub(crate) fn new(context: &'a DurableContext, spec: &'a OperationSpec) -> Self {
        Self {
            operation_id: spec.id().as_str(),
            execution_arn: context.execution_arn(),
        }
    }
}

/// Reads and writes the values of an operation.
pub(crate) enum Codec<'a, T> {
    Json,
    Custom(Box<dyn SerDes<T> + 'a>),
}

impl<T> Codec<'_, T> {
    pub(crate) fn is_json(&self) -> bool {
        matches!(self, Self::Json)
    }

    pub(crate) fn encode(&self, value: &T, context: SerDesContext<'_>) -> Result<String, Failure>
    where
        T: Serialize,
    {
        match self {
            Self::Json => payload::encode(value),
            Self::Custom(serdes) => serialize(serdes.as_ref(), value, context),
        }
    }

    /// Reads a recorded text; `None` where nothing was recorded.
    pub(crate) fn decode(
        &self,
        text: Option<&str>,
        context: SerDesContext<'_>,
    ) -> Result<T, Failure>
    where
        T: DeserializeOwned,
    {
        match self {
            Self::Json => payload::decode(text),
            Self::Custom(serdes) => deserialize(serdes.as_ref(), text.unwrap_or_default(), context),
        }
    }
}

pub(crate) fn serialize<T>(
    serdes: &(impl SerDes<T> + ?Sized),
    value: &T,
    context: SerDesContext<'_>,
) -> Result<String, Failure> {
    serdes
        .serialize(value, context)
        .map_err(|error| failed("serialise", error))
}

pub(crate) fn deserialize<T>(
    serdes: &(impl SerDes<T> + ?Sized),
    text: &str,
    context: SerDesContext<'_>,
) -> Result<T, Failure> {
    serdes
        .deserialize(text, context)
        .map_err(|error| failed("deserialise", error))
}

fn failed(what: &str, error: BoxError) -> Failure {
    Failure::serialization(format!("{what} by a custom SerDes: {error}"))
}

impl<T> fmt::Debug for Codec<'_, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Json => "Json",
            Self::Custom(_) => "Custom",
        })
    }
}
