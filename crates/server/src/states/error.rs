//! Errors in Step Functions' words.

use hyper::StatusCode;
use lambda_api::ErrorCode;
use serde_json::{Value, json};
use store::StoreFault;
use wire::ApiError;

/// An error of the Step Functions API.
#[derive(Debug)]
pub(super) struct StatesError {
    code: &'static str,
    message: String,
}

impl StatesError {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    pub fn no_machine(arn: &str) -> Self {
        Self::new(
            "StateMachineDoesNotExist",
            format!("State Machine Does Not Exist: '{arn}'"),
        )
    }

    pub fn no_execution(arn: &str) -> Self {
        Self::new(
            "ExecutionDoesNotExist",
            format!("Execution Does Not Exist: '{arn}'"),
        )
    }

    /// An operation for Express machines only, or for others only.
    pub fn type_not_supported() -> Self {
        let message = "This operation is not supported by this type of state machine";
        Self::new("StateMachineTypeNotSupported", message)
    }

    /// Whether a resource that the request names does not exist.
    pub fn is_missing(&self) -> bool {
        [
            "StateMachineDoesNotExist",
            "ExecutionDoesNotExist",
            "ActivityDoesNotExist",
            "ResourceNotFound",
        ]
        .contains(&self.code)
    }

    /// Whether the execution does not exist.
    pub fn is_missing_execution(&self) -> bool {
        self.code == "ExecutionDoesNotExist"
    }

    pub fn deleting(arn: &str) -> Self {
        Self::new(
            "StateMachineDeleting",
            format!("State Machine is being deleted: '{arn}'"),
        )
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new("ConflictException", message)
    }

    pub fn status(&self) -> StatusCode {
        match self.code {
            "InternalServerException" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    pub fn body(&self) -> Value {
        json!({ "__type": self.code, "message": self.message })
    }
}

impl From<ApiError> for StatesError {
    fn from(error: ApiError) -> Self {
        match error.code {
            ErrorCode::InvalidParameterValue | ErrorCode::Validation => {
                Self::validation(error.message)
            }
            ErrorCode::ResourceConflict => Self::conflict(error.message),
            _ => Self::new("InternalServerException", error.message),
        }
    }
}

impl From<StoreFault> for StatesError {
    fn from(fault: StoreFault) -> Self {
        ApiError::from(fault).into()
    }
}

/// A required member, which must be a text.
pub(super) fn required<'v>(input: &'v Value, name: &str) -> Result<&'v str, StatesError> {
    optional(input, name)?.ok_or_else(|| {
        StatesError::validation(format!("1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must not be null"))
    })
}

/// An optional member, which must be a text if it is present.
pub(super) fn optional<'v>(input: &'v Value, name: &str) -> Result<Option<&'v str>, StatesError> {
    match input.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(StatesError::validation(format!(
            "The member '{name}' is a text."
        ))),
    }
}
