//! Why a request did not get the answer that was asked for.

use std::time::Duration;

use lambda_api::{ErrorBody, ErrorCode, headers};
use thiserror::Error;

use super::answer::Answer;

/// A request that got no useful answer.
#[derive(Debug, Error)]
pub enum CallError {
    /// The endpoint is not a URL that this client can talk to.
    #[error("`{endpoint}` is not an endpoint: {problem}")]
    Endpoint {
        /// As it was given.
        endpoint: String,
        /// The problem.
        problem: String,
    },
    /// No process listens there, or the connection broke.
    #[error("cannot reach the service at {endpoint}")]
    Unreachable {
        /// The endpoint's URL.
        endpoint: String,
        /// What the network said.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The service does not answer in time.
    #[error("the service at {endpoint} has not answered within {} seconds", limit.as_secs())]
    TimedOut {
        /// The endpoint's URL.
        endpoint: String,
        /// How long was waited.
        limit: Duration,
    },
    /// The service said no.
    #[error(transparent)]
    Refused(ApiError),
    /// The answer does not have the API's form.
    #[error("the answer of {endpoint} to {request} makes no sense: {problem}")]
    Garbled {
        /// The endpoint's URL.
        endpoint: String,
        /// Method and path.
        request: String,
        /// The problem.
        problem: String,
    },
}

/// An error answer in AWS's shape.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}{message} ({})", reason.as_ref().map(|reason| format!("{reason}: ")).unwrap_or_default(), code.as_str())]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// AWS's name for it.
    pub code: ErrorCode,
    /// The service's own words.
    pub message: String,
    /// Which limit was hit, with `TooManyRequestsException`.
    pub reason: Option<String>,
}

impl ApiError {
    /// Reads an answer whose status is not a success. `None` when it is not in AWS's shape.
    pub(super) fn read(answer: &Answer) -> Option<Self> {
        let body: ErrorBody = serde_json::from_slice(&answer.body).unwrap_or_default();
        let header = answer
            .headers
            .get(headers::ERROR_TYPE)
            .and_then(|value| value.to_str().ok());
        let code = ErrorCode::from_wire(header.or(body.error_type.as_deref())?);
        Some(Self {
            status: answer.status,
            message: body.message().unwrap_or("no message").to_owned(),
            reason: body.reason,
            code,
        })
    }

    /// Whether it says that something does not exist.
    pub fn is_not_found(&self) -> bool {
        self.code == ErrorCode::ResourceNotFound
    }

    /// What to do about it, where the service's words do not say so themselves.
    pub fn hint(&self) -> Option<String> {
        let says = |text: &str| self.message.contains(text);
        let hint = match &self.code {
            ErrorCode::InvalidParameterValue if says("unqualified ARN") => {
                "name a version or an alias: `lambdura invoke FUNCTION:live`"
            }
            ErrorCode::InvalidParameterValue if says("15 minutes") => {
                "use `--wait`, which starts it asynchronously and waits for its end, or `--event`"
            }
            ErrorCode::DurableExecutionAlreadyStarted => {
                "the name is taken by an execution with another payload: choose another `--name`"
            }
            ErrorCode::CallbackTimeout => {
                "see which callbacks are open with `lambdura show EXECUTION`"
            }
            ErrorCode::TooManyRequests => {
                "try again in a moment, or allow more with `lambdura up --concurrency N`"
            }
            ErrorCode::ResourceNotFound if says("Stack not found") => {
                "see which stacks there are with `lambdura stacks`"
            }
            ErrorCode::ResourceNotFound => "see what exists with `lambdura ls`",
            ErrorCode::Service => {
                "the service's own log says more: `lambdura up -v`, or LAMBDURA_LOG=debug"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
