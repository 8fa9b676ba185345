//! Errors of combinators, and of their inputs.

use lambda_api::ErrorObject;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::context_operation::STORED_RESULT_BYTES_MAX;
use crate::error::{
    BatchError, CallbackError, ChildContextError, CombinatorError, Failure, FailureKind,
    InvokeError, OperationError, StepError, WaitError, WaitForConditionError,
};
use crate::payload;

/// Error types of combinators on the wire. Source: `aws-durable-execution-sdk` 0.1.0.
pub(crate) mod combinator_type {
    pub(crate) const INTERNAL: &str = "CombinatorError";
    pub(crate) const EMPTY_INPUT: &str = "CombinatorError.EmptyInput";
    pub(crate) const FIRST_SETTLED_FAILED: &str = "CombinatorError.FirstSettledFailed";
    pub(crate) const ALL_FAILED: &str = "CombinatorError.AllFailed";
    /// The input's index is appended.
    pub(crate) const JOIN_FAILED: &str = "CombinatorError.JoinFailed.";
}

/// Why a combinator failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CombinatorErrorKind {
    /// An input of [`try_join_all`](crate::DurableContext::try_join_all) failed: the one with this index, from 0.
    JoinFailed(usize),
    /// No input of [`select_ok`](crate::DurableContext::select_ok) succeeded.
    AllFailed,
    /// The input of [`race`](crate::DurableContext::race) that ended first had failed.
    FirstSettledFailed,
    /// [`select_ok`](crate::DurableContext::select_ok) or [`race`](crate::DurableContext::race) was given no input.
    EmptyInput,
    /// Anything else: an invalid name, or a recorded result that cannot be read.
    Internal,
}

impl CombinatorError {
    /// Why the combinator failed.
    #[must_use]
    pub fn combinator_kind(&self) -> CombinatorErrorKind {
        let error_type = self.error_type().unwrap_or_default();
        let index = error_type.strip_prefix(combinator_type::JOIN_FAILED);
        match (error_type, index.and_then(|index| index.parse().ok())) {
            (_, Some(index)) => CombinatorErrorKind::JoinFailed(index),
            (combinator_type::ALL_FAILED, _) => CombinatorErrorKind::AllFailed,
            (combinator_type::FIRST_SETTLED_FAILED, _) => CombinatorErrorKind::FirstSettledFailed,
            (combinator_type::EMPTY_INPUT, _) => CombinatorErrorKind::EmptyInput,
            _ => CombinatorErrorKind::Internal,
        }
    }

    /// The errors of the inputs that decided the outcome: one error, or for
    /// [`AllFailed`](CombinatorErrorKind::AllFailed) those of all inputs, in order.
    ///
    /// Empty where no input failed, and where the errors were too large to be recorded.
    #[must_use]
    pub fn failures(&self) -> Vec<OperationError> {
        let recorded: Vec<RecordedFailure> = self
            .error_data()
            .and_then(|data| serde_json::from_str(data).ok())
            .unwrap_or_default();
        recorded
            .into_iter()
            .map(RecordedFailure::into_error)
            .collect()
    }
}

/// How the failure of an input is recorded.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RecordedFailure {
    #[serde(default)]
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_data: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    stack_trace: Vec<String>,
    /// The operation's name, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    /// The kind, where the error type does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<RecordedKind>,
}

/// How a settled input of a [`join_all`](crate::DurableContext::join_all) is recorded: its status, and either its value
/// or the fields of a [`RecordedFailure`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RecordedSettled {
    status: RecordedStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_data: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    stack_trace: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<RecordedKind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RecordedStatus {
    Fulfilled,
    Rejected,
}

impl RecordedSettled {
    pub(crate) fn fulfilled(value: &impl Serialize) -> Result<Self, Failure> {
        let text = payload::encode(value)?;
        Ok(Self {
            status: RecordedStatus::Fulfilled,
            value: Some(payload::decode(Some(&text))?),
            message: None,
            error_type: None,
            error_data: None,
            stack_trace: Vec::new(),
            operation: None,
            kind: None,
        })
    }

    pub(crate) fn rejected(failure: RecordedFailure) -> Self {
        Self {
            status: RecordedStatus::Rejected,
            value: None,
            message: Some(failure.message),
            error_type: failure.error_type,
            error_data: failure.error_data,
            stack_trace: failure.stack_trace,
            operation: failure.operation,
            kind: failure.kind,
        }
    }

    /// The value's JSON, or the error.
    pub(crate) fn into_outcome(self) -> Result<String, OperationError> {
        match self.status {
            RecordedStatus::Fulfilled => {
                let json = self.value.as_ref().map_or("null", |value| value.get());
                Ok(json.to_owned())
            }
            RecordedStatus::Rejected => Err(RecordedFailure {
                message: self.message.unwrap_or_default(),
                error_type: self.error_type,
                error_data: self.error_data,
                stack_trace: self.stack_trace,
                operation: self.operation,
                kind: self.kind,
            }
            .into_error()),
        }
    }
}

/// Kinds of failures that follow from an operation's status, which a combinator's record does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum RecordedKind {
    TimedOut,
    Stopped,
}

impl RecordedFailure {
    pub(crate) fn of(error: &OperationError) -> Self {
        let failure = error.failure.as_ref();
        Self {
            message: failure.message.clone(),
            error_type: failure.error_type.clone(),
            error_data: failure.data.clone(),
            stack_trace: failure.stack_trace.clone().unwrap_or_default(),
            operation: error.operation.clone(),
            kind: match failure.kind {
                FailureKind::TimedOut => Some(RecordedKind::TimedOut),
                FailureKind::Stopped => Some(RecordedKind::Stopped),
                _ => None,
            },
        }
    }

    /// The failures as error data; `None` where they are too large for a record.
    pub(crate) fn list(errors: &[&OperationError]) -> Option<String> {
        let failures: Vec<_> = errors.iter().map(|error| Self::of(error)).collect();
        let text = payload::encode(&failures).ok()?;
        (text.len() <= STORED_RESULT_BYTES_MAX).then_some(text)
    }

    pub(crate) fn into_error(self) -> OperationError {
        let status_kind = match self.kind {
            Some(RecordedKind::TimedOut) => FailureKind::TimedOut,
            Some(RecordedKind::Stopped) => FailureKind::Stopped,
            None => FailureKind::Failed,
        };
        let wire = ErrorObject {
            error_message: Some(self.message),
            error_type: self.error_type,
            error_data: self.error_data,
            stack_trace: (!self.stack_trace.is_empty()).then_some(self.stack_trace),
        };
        let failure = Failure::from_wire(Some(&wire), status_kind);
        OperationError::new(self.operation.as_deref(), failure)
    }
}

macro_rules! operation_error_from {
    ($($error:ident),+) => {
        $(
            impl From<$error> for OperationError {
                fn from(error: $error) -> Self {
                    Self { operation: error.operation, failure: error.failure }
                }
            }
        )+
    };
}

operation_error_from!(
    StepError,
    WaitError,
    CallbackError,
    InvokeError,
    ChildContextError,
    WaitForConditionError,
    BatchError,
    CombinatorError
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_failure_keeps_what_its_type_does_not_tell() {
        for kind in [
            FailureKind::TimedOut,
            FailureKind::Stopped,
            FailureKind::Failed,
            FailureKind::Panicked,
        ] {
            let failure = match kind {
                FailureKind::Panicked => Failure::panicked(&"boom"),
                _ => Failure {
                    kind,
                    ..Failure::failed("CardRefused", "no")
                },
            };
            let error = OperationError::new(Some("charge"), failure);
            let text = RecordedFailure::list(&[&error]).unwrap();
            let read: Vec<RecordedFailure> = serde_json::from_str(&text).unwrap();
            let read = read.into_iter().map(RecordedFailure::into_error);
            assert_eq!(read.collect::<Vec<_>>(), [error], "{text}");
        }
    }

    #[test]
    fn kind_is_in_the_error_type() {
        let cases = [
            (
                "CombinatorError.JoinFailed.3",
                CombinatorErrorKind::JoinFailed(3),
            ),
            ("CombinatorError.JoinFailed.", CombinatorErrorKind::Internal),
            ("CombinatorError.AllFailed", CombinatorErrorKind::AllFailed),
            (
                "CombinatorError.FirstSettledFailed",
                CombinatorErrorKind::FirstSettledFailed,
            ),
            (
                "CombinatorError.EmptyInput",
                CombinatorErrorKind::EmptyInput,
            ),
            ("ValidationError", CombinatorErrorKind::Internal),
        ];
        for (error_type, kind) in cases {
            let error = CombinatorError::new(None, Failure::failed(error_type, ""));
            assert_eq!(error.combinator_kind(), kind, "{error_type}");
        }
    }
}
