//! Errors of states, and of the operations that implement them.

use asl::StateError;
use lambdura::{
    BatchError, CallbackError, ChildContextError, CombinatorError, FailureKind, InvokeError,
    NamedError, OperationError, StepError, WaitError,
};
use serde_json::json;

/// The error name for a function's error without one.
const UNKNOWN_LAMBDA_ERROR: &str = "Lambda.Unknown";

/// The message for an output that is not JSON, and also too large.
pub(crate) const TEXT_TOO_LARGE: &str = "the output is larger than a state's may be";

/// The beginning of the message of a chained invoke whose output was too large to be recorded; its error has no name.
const OUTPUT_TOO_LARGE: &str = "CHAINED_INVOKE output payload size";

/// Converts a state's failure to an operation's, with its name.
pub(crate) fn named(error: StateError) -> NamedError {
    NamedError::new(error.error, error.cause)
}

/// Converts an operation's failure to a state's.
pub(crate) trait IntoStateError {
    fn into_state_error(self) -> StateError;
}

macro_rules! recorded {
    ($($error:ty),+) => {
        $(
            impl IntoStateError for $error {
                /// A failed state inside keeps its error name; other failures are not the definition's, and get
                /// `States.Runtime`.
                fn into_state_error(self) -> StateError {
                    let name = match self.kind() {
                        FailureKind::Failed => self.error_type().unwrap_or(asl::RUNTIME),
                        _ => asl::RUNTIME,
                    };
                    StateError::new(name, self.message())
                }
            }
        )+
    };
}

recorded!(StepError, WaitError, ChildContextError, BatchError);

/// Whether a call failed only because its output could not be recorded.
#[must_use]
pub fn is_output_too_large(error_type: Option<&str>, message: &str) -> bool {
    error_type.is_none() && message.starts_with(OUTPUT_TOO_LARGE)
}

/// The failure of a called function: its error's name, and its error as JSON, in AWS's form.
fn of_function(kind: FailureKind, error_type: Option<&str>, message: &str) -> StateError {
    let is_too_large = match kind {
        FailureKind::Serialization => message.contains(TEXT_TOO_LARGE),
        _ => is_output_too_large(error_type, message),
    };
    if is_too_large {
        return StateError::new(asl::DATA_LIMIT_EXCEEDED, message);
    }
    match kind {
        FailureKind::InvalidUse | FailureKind::Serialization => StateError::runtime(message),
        _ => call_failure(error_type, message),
    }
}

/// The failure of a function call: the cause is the function's error as JSON.
#[must_use]
pub fn call_failure(error_type: Option<&str>, message: &str) -> StateError {
    let name = error_type.unwrap_or(UNKNOWN_LAMBDA_ERROR);
    let cause = json!({ "errorMessage": message, "errorType": name });
    StateError::new(name, cause.to_string())
}

impl IntoStateError for InvokeError {
    fn into_state_error(self) -> StateError {
        of_function(self.kind(), self.error_type(), self.message())
    }
}

impl IntoStateError for OperationError {
    fn into_state_error(self) -> StateError {
        of_function(self.kind(), self.error_type(), self.message())
    }
}

impl IntoStateError for CombinatorError {
    fn into_state_error(self) -> StateError {
        match self.failures().into_iter().next() {
            Some(first) => first.into_state_error(),
            None => StateError::new(asl::TASK_FAILED, self.message()),
        }
    }
}

impl IntoStateError for CallbackError {
    fn into_state_error(self) -> StateError {
        match self.kind() {
            FailureKind::TimedOut => StateError::new(asl::TIMEOUT, ""),
            FailureKind::HeartbeatTimedOut => StateError::new(asl::HEARTBEAT_TIMEOUT, ""),
            FailureKind::InvalidUse => StateError::runtime(self.message()),
            _ => {
                let name = self.error_type().filter(|name| !name.is_empty());
                StateError::new(name.unwrap_or(asl::TASK_FAILED), self.message())
            }
        }
    }
}
