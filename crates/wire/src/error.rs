//! Every error that the Lambda API can answer with, and how ours are translated to it.
//!
//! The wire contract of failures can be reviewed here, in one place. What a caller may know and what
//! belongs into the log are kept apart: the cause of a fault is logged, never sent.

use engine::Rejection;
use lambda_api::{ErrorBody, ErrorCode};
use runtime::{EnqueueError, ProcessError, StartError};
use store::StoreFault;

/// HTTP statuses that do not go with a code.
const REQUEST_TIMEOUT: u16 = 408;
const SERVICE_UNAVAILABLE: u16 = 503;

/// An error in AWS's shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    pub code: ErrorCode,
    /// For the caller.
    pub message: String,
    /// `Reason` of a throttled request.
    pub reason: Option<&'static str>,
    /// The HTTP status, where it is not the one that goes with the code.
    pub status: Option<u16>,
}

impl ApiError {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            reason: None,
            status: None,
        }
    }

    pub fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidParameterValue, message)
    }

    pub fn unknown_execution() -> Self {
        Self::new(
            ErrorCode::ResourceNotFound,
            "Durable Execution does not exist",
        )
    }

    /// The answer to a checkpoint of an execution that is not (or no longer) there: its shape models no
    /// `ResourceNotFoundException`, and SDKs recognise a superseded invocation by this text.
    pub fn invalid_token() -> Self {
        Rejection::invalid_token().into()
    }

    /// The answer to a request whose rest did not come in time.
    pub fn slow() -> Self {
        Self {
            status: Some(REQUEST_TIMEOUT),
            ..Self::new(
                ErrorCode::InvalidRequestContent,
                "The rest of the request did not come in time.",
            )
        }
    }

    /// The answer while the service ends: AWS's clients try again.
    pub fn shutting_down(message: impl Into<String>) -> Self {
        Self {
            status: Some(SERVICE_UNAVAILABLE),
            ..Self::new(ErrorCode::Service, message)
        }
    }

    /// Too many requests or too much data at this moment, for this reason.
    pub fn throttled(reason: &'static str, message: String) -> Self {
        Self {
            code: ErrorCode::TooManyRequests,
            message,
            reason: Some(reason),
            status: None,
        }
    }

    /// The HTTP status that it is sent with.
    pub fn status(&self) -> u16 {
        self.status.unwrap_or_else(|| self.code.status())
    }

    /// Whether AWS's clients should wait a moment before they try again.
    pub fn is_retried_later(&self) -> bool {
        self.code == ErrorCode::TooManyRequests || self.status == Some(SERVICE_UNAVAILABLE)
    }

    /// The body, as JSON.
    pub fn body(self) -> ErrorBody {
        let mut body = ErrorBody::new(&self.code, self.message);
        body.reason = self.reason.map(str::to_owned);
        body
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::InvalidParameterValue(message) => Self::invalid_parameter(message),
            Rejection::CallbackClosed => Self::new(
                ErrorCode::CallbackTimeout,
                Rejection::CallbackClosed.to_string(),
            ),
            ended @ (Rejection::InvocationNotRunning(_)
            | Rejection::ExecutionEnded
            | Rejection::Conflict(_)) => Self::new(ErrorCode::ResourceConflict, ended.to_string()),
        }
    }
}

impl From<ProcessError> for ApiError {
    fn from(error: ProcessError) -> Self {
        match error {
            ProcessError::UnknownExecution(_) => Self::unknown_execution(),
            ProcessError::Rejected(rejection) => rejection.into(),
            ProcessError::Contended(_) => Self::throttled(
                "CallerRateLimitExceeded",
                "The execution is being changed by other requests. Try again.".to_owned(),
            ),
            aside @ ProcessError::SetAside { .. } => Self::new(
                ErrorCode::Service,
                format!("{aside}. See `lambdura quarantine`."),
            ),
            ProcessError::Fault(fault) => fault.into(),
            ProcessError::ShuttingDown => shutting_down(),
        }
    }
}

impl From<StartError> for ApiError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::AlreadyStarted(arn) => Self::new(
                ErrorCode::DurableExecutionAlreadyStarted,
                format!("Execution already started: {arn}"),
            ),
            StartError::Fault(fault) => fault.into(),
            StartError::ShuttingDown => shutting_down(),
        }
    }
}

impl From<EnqueueError> for ApiError {
    fn from(error: EnqueueError) -> Self {
        match error {
            full @ EnqueueError::QueueFull(_) => {
                Self::throttled("FunctionInvocationRateLimitExceeded", full.to_string())
            }
            EnqueueError::Fault(fault) => fault.into(),
            EnqueueError::ShuttingDown => shutting_down(),
        }
    }
}

impl From<StoreFault> for ApiError {
    fn from(fault: StoreFault) -> Self {
        let error = &fault as &dyn std::error::Error;
        tracing::error!(error, cause = %fault.cause, "the store failed");
        Self::new(
            ErrorCode::Service,
            "The store failed; nothing that was acknowledged is lost. See the server's log.",
        )
    }
}

fn shutting_down() -> ApiError {
    ApiError::shutting_down("The service is shutting down. Try again once it is back.")
}
