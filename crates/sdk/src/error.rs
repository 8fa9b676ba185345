//! The errors of durable operations, and how an error crosses the wire.
//!
//! Every operation has an error type of its own with AWS's name.
//! Its message is the message of the innermost cause, however many contexts the error crossed, because histories of the
//! official SDKs show that message; [`error_type`](StepError::error_type) is the cause's type.

use std::fmt;

use lambda_api::ErrorObject;

/// Any error that user code may return.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a durable operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// User code, the callback's sender, or the invoked function reported an error.
    Failed,
    /// The callback or the invoked function took too long.
    TimedOut,
    /// The callback's sender sent no heartbeat in time.
    HeartbeatTimedOut,
    /// The invoked execution was stopped.
    Stopped,
    /// A step with at-most-once semantics was interrupted; whether it had an effect is unknown.
    Interrupted,
    /// User code panicked.
    Panicked,
    /// A value could not be turned into JSON or back.
    Serialization,
    /// The operation was called with arguments, or from a task, that it cannot work with; nothing was recorded.
    InvalidUse,
}

/// An error whose type is known at run time, and not at compile time.
///
/// In histories and callers' errors, the error type of user code is the name of its Rust type; this error names its own
/// type: for interpreters, and for passing on errors of other systems.
///
/// ```
/// use lambdura::NamedError;
///
/// let refused = NamedError::new("Card.Refused", "no funds");
/// assert_eq!(refused.error_type(), "Card.Refused");
/// assert_eq!(refused.to_string(), "no funds");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedError {
    error_type: String,
    message: String,
}

impl NamedError {
    /// An error of this type, with this message.
    pub fn new(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            error_type: error_type.into(),
            message: message.into(),
        }
    }

    /// The name of its type.
    #[must_use]
    pub fn error_type(&self) -> &str {
        &self.error_type
    }
}

impl fmt::Display for NamedError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for NamedError {}

/// Error types that this SDK writes on the wire, and reads back.
pub(crate) mod wire_type {
    pub(crate) const STEP_INTERRUPTED: &str = "StepInterruptedError";
    pub(crate) const PANIC: &str = "PanicError";
    pub(crate) const SERIALIZATION: &str = "SerDesError";
    pub(crate) const INVALID_USE: &str = "ValidationError";
    pub(crate) const NON_DETERMINISTIC: &str = "NonDeterministicExecutionError";
    pub(crate) const CHECKPOINT: &str = "CheckpointError";
    pub(crate) const HANDLER: &str = "HandlerError";
    pub(crate) const CALLBACK_TIMEOUT: &str = "Callback.Timeout";
    pub(crate) const CALLBACK_HEARTBEAT: &str = "Callback.Heartbeat";
}

/// A failure on its way between user code and the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) error_type: Option<String>,
    pub(crate) message: String,
    pub(crate) data: Option<String>,
    pub(crate) stack_trace: Option<Vec<String>>,
}

impl Failure {
    fn new(kind: FailureKind, error_type: &str, message: String) -> Self {
        Self {
            kind,
            error_type: Some(error_type.to_owned()),
            message,
            data: None,
            stack_trace: None,
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(
            FailureKind::InvalidUse,
            wire_type::INVALID_USE,
            message.into(),
        )
    }

    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Self::new(
            FailureKind::Serialization,
            wire_type::SERIALIZATION,
            message.into(),
        )
    }

    pub(crate) fn interrupted(message: impl Into<String>) -> Self {
        Self::new(
            FailureKind::Interrupted,
            wire_type::STEP_INTERRUPTED,
            message.into(),
        )
    }

    pub(crate) fn failed(error_type: &str, message: impl Into<String>) -> Self {
        Self::new(FailureKind::Failed, error_type, message.into())
    }

    /// The failure for a caught panic.
    pub(crate) fn panicked(payload: &(dyn std::any::Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "panicked with a value that is not text".to_owned());
        Self::new(FailureKind::Panicked, wire_type::PANIC, text)
    }

    /// The failure for an error that user code returned.
    ///
    /// An error of this SDK keeps its message and gets its AWS name; an error that names its type keeps that name; a
    /// concrete error type gives its own name; boxed errors have no name, and get `fallback`.
    pub(crate) fn from_user<E: Into<BoxError>>(error: E, fallback: &str) -> Self {
        let name = short_type_name(std::any::type_name::<E>());
        let error: BoxError = error.into();
        if let Some(failure) = from_sdk_error(error.as_ref()) {
            return failure;
        }
        if let Some(named) = error.downcast_ref::<NamedError>() {
            return Self::failed(&named.error_type, named.message.clone());
        }
        Self::new(
            FailureKind::Failed,
            name.unwrap_or(fallback),
            error.to_string(),
        )
    }

    /// The failure that the service recorded. `status_kind` is the kind that follows from the operation's status.
    pub(crate) fn from_wire(error: Option<&ErrorObject>, status_kind: FailureKind) -> Self {
        let error = error.cloned().unwrap_or_default();
        let kind = match error.error_type.as_deref() {
            Some(wire_type::STEP_INTERRUPTED) => FailureKind::Interrupted,
            Some(wire_type::PANIC) => FailureKind::Panicked,
            Some(wire_type::SERIALIZATION) => FailureKind::Serialization,
            Some(wire_type::CALLBACK_TIMEOUT) => FailureKind::TimedOut,
            Some(wire_type::CALLBACK_HEARTBEAT) => FailureKind::HeartbeatTimedOut,
            _ => status_kind,
        };
        Self {
            kind,
            error_type: error.error_type,
            message: error.error_message.unwrap_or_default(),
            data: error.error_data,
            stack_trace: error.stack_trace,
        }
    }

    pub(crate) fn to_wire(&self) -> ErrorObject {
        ErrorObject {
            error_message: Some(self.message.clone()),
            error_type: self.error_type.clone(),
            error_data: self.data.clone(),
            stack_trace: self.stack_trace.clone(),
        }
    }
}

/// The last segment of a concrete error type's name; `None` for types that stand for any error.
fn short_type_name(full: &str) -> Option<&str> {
    let opaque = full.starts_with("alloc::")
        || full.starts_with('&')
        || ["anyhow::Error", "eyre::Report", "lambda_runtime::Error"].contains(&full);
    if opaque {
        return None;
    }
    let bare = full.split('<').next().unwrap_or(full);
    bare.rsplit("::").next()
}

macro_rules! operation_errors {
    ($($(#[$meta:meta])* $name:ident,)+) => {
        $(
            $(#[$meta])*
            #[derive(Clone, PartialEq, Eq)]
            pub struct $name {
                pub(crate) operation: Option<String>,
                /// Boxed to keep `Result`s small.
                pub(crate) failure: Box<Failure>,
            }

            impl $name {
                /// The name of this error when it leaves a context or the handler.
                pub(crate) const WIRE_TYPE: &'static str = stringify!($name);

                pub(crate) fn new(operation: Option<&str>, failure: Failure) -> Self {
                    Self { operation: operation.map(str::to_owned), failure: Box::new(failure) }
                }

                /// The name of the operation that failed, if it has one.
                #[must_use]
                pub fn operation(&self) -> Option<&str> {
                    self.operation.as_deref()
                }

                /// Why it failed.
                #[must_use]
                pub fn kind(&self) -> FailureKind {
                    self.failure.kind
                }

                /// The error type of the cause where it arose: in user code, at the callback's sender, in the invoked
                /// function, or in the service.
                #[must_use]
                pub fn error_type(&self) -> Option<&str> {
                    self.failure.error_type.as_deref()
                }

                /// The message of the innermost cause.
                #[must_use]
                pub fn message(&self) -> &str {
                    &self.failure.message
                }

                /// Data that the sender of the error passed along, normally JSON text.
                #[must_use]
                pub fn error_data(&self) -> Option<&str> {
                    self.failure.data.as_deref()
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    formatter.write_str(&self.failure.message)
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    formatter
                        .debug_struct(Self::WIRE_TYPE)
                        .field("operation", &self.operation)
                        .field("kind", &self.failure.kind)
                        .field("error_type", &self.failure.error_type)
                        .field("message", &self.failure.message)
                        .finish()
                }
            }

            impl std::error::Error for $name {}
        )+

        /// The failure of `error` under its AWS name, if a durable operation returned it.
        fn from_sdk_error(error: &(dyn std::error::Error + 'static)) -> Option<Failure> {
            $(
                if let Some(error) = error.downcast_ref::<$name>() {
                    return Some(Failure {
                        error_type: Some($name::WIRE_TYPE.to_owned()),
                        ..Failure::clone(&error.failure)
                    });
                }
            )+
            None
        }
    };
}

operation_errors! {
    /// A step failed, and its retry strategy gave up.
    StepError,
    /// A wait could not be started.
    WaitError,
    /// A callback was completed with an error, ran out of time, or could not be created.
    CallbackError,
    /// An invoked function failed, timed out or was stopped.
    InvokeError,
    /// The body of a child context failed.
    ChildContextError,
    /// A condition's check failed, or the condition was not met within its attempts.
    WaitForConditionError,
    /// A map or parallel could not be run, or an item failed whose result was requested.
    BatchError,
    /// A combinator could not be run, or its inputs ended in a failure.
    CombinatorError,
    /// An operation of any kind failed: the common error type of combinators' inputs.
    OperationError,
}

impl BatchError {
    pub(crate) fn to_wire(&self) -> ErrorObject {
        self.failure.to_wire()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("card refused")]
    struct CardRefused;

    #[test]
    fn concrete_errors_give_their_name_and_boxed_ones_the_fallback() {
        let concrete = Failure::from_user(CardRefused, "StepError");
        assert_eq!(concrete.error_type.as_deref(), Some("CardRefused"));
        assert_eq!(concrete.message, "card refused");
        let boxed = Failure::from_user::<BoxError>(CardRefused.into(), "StepError");
        assert_eq!(boxed.error_type.as_deref(), Some("StepError"));
        let named = Failure::from_user(NamedError::new("Card.Refused", "no"), "StepError");
        assert_eq!(named.error_type.as_deref(), Some("Card.Refused"));
        let boxed: BoxError = NamedError::new("Card.Refused", "no").into();
        assert_eq!(Failure::from_user(boxed, "StepError"), named);
        let text = Failure::from_user("no", "StepError");
        assert_eq!(text.error_type.as_deref(), Some("StepError"));
    }

    #[test]
    fn innermost_message_survives_every_context() {
        let inner = StepError::new(Some("charge"), Failure::from_user(CardRefused, "StepError"));
        let boxed: BoxError = inner.into();
        let child = Failure::from_user(boxed, "ChildContextError");
        assert_eq!(child.error_type.as_deref(), Some("StepError"));
        let outer: BoxError = ChildContextError::new(None, child).into();
        let handler = Failure::from_user(outer, wire_type::HANDLER);
        assert_eq!(handler.error_type.as_deref(), Some("ChildContextError"));
        assert_eq!(handler.message, "card refused");
    }

    #[test]
    fn kind_is_read_back_from_the_wire() {
        let wire = Failure::panicked(&"boom").to_wire();
        let read = Failure::from_wire(Some(&wire), FailureKind::Failed);
        assert_eq!(read.kind, FailureKind::Panicked);
        assert_eq!(read.message, "boom");
    }
}
