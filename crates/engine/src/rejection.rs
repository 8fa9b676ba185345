//! Why an input is refused. A rejection is final and changes nothing.

use model::RequestId;
use thiserror::Error;

/// The caller is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Rejection {
    /// The request breaks a rule of the protocol; the text is AWS's.
    #[error("{0}")]
    InvalidParameterValue(String),
    /// The callback was completed, has timed out, or belongs to an execution that has ended.
    #[error("The callback is either timed out or already completed")]
    CallbackClosed,
    /// The invocation is not the running one: its answer no longer counts.
    #[error("invocation `{0}` is not running")]
    InvocationNotRunning(RequestId),
    /// The execution has ended, and the input is only for one that runs.
    #[error("the execution has ended")]
    ExecutionEnded,
    /// The state of the execution does not allow the request; the text says which would.
    #[error("{0}")]
    Conflict(&'static str),
}

impl Rejection {
    /// The answer to a stale, foreign or malformed token: exactly this text, because SDKs recognise a superseded
    /// invocation by its beginning.
    pub fn invalid_token() -> Self {
        Self::InvalidParameterValue("Invalid checkpoint token".to_owned())
    }
}

/// A refusal with AWS's error `InvalidParameterValueException`.
pub(crate) fn invalid<T>(message: impl Into<String>) -> Result<T, Rejection> {
    Err(Rejection::InvalidParameterValue(message.into()))
}
