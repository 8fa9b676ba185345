//! ARNs and ids in paths.

use lambda_api::ErrorCode;
use model::{CallbackId, ExecutionArn};
use wire::ApiError;

use crate::http::decode;

/// The durable execution that a path segment names.
///
/// # Errors
/// `ValidationException` for what is not an ARN of one.
pub(super) fn execution_arn(segment: &str) -> Result<ExecutionArn, ApiError> {
    let text = decode(segment).unwrap_or_default();
    text.parse().map_err(|_| {
        let shown: String = text.chars().take(256).collect();
        ApiError::new(
            ErrorCode::Validation,
            format!(
                "1 validation error detected: Value '{shown}' at 'durableExecutionArn' failed to \
                 satisfy constraint: Member must satisfy regular expression pattern: \
                 arn:([a-zA-Z0-9-]+):lambda:([a-zA-Z0-9-]+):(\\d{{12}}):function:([a-zA-Z0-9_-]+):\
                 (\\$LATEST(?:\\.PUBLISHED)?|[0-9]+)/durable-execution/([a-zA-Z0-9_-]+)/\
                 ([a-zA-Z0-9_-]+)"
            ),
        )
    })
}

/// The callback that a path segment names.
///
/// # Errors
/// `InvalidParameterValueException` for what cannot be one.
pub(super) fn callback_id(segment: &str) -> Result<CallbackId, ApiError> {
    let text = decode(segment).unwrap_or_default();
    CallbackId::parse(&text).map_err(|_| ApiError::invalid_parameter("Invalid callback id"))
}
