//! ARNs and ids in paths.

use model::{CallbackId, ExecutionArn};
use wire::ApiError;

use crate::http::decode;

/// The durable execution that a path segment names.
///
/// # Errors
/// `ValidationException` for what is not an ARN of one.
pub(super) fn execution_arn(segment: &str) -> Result<ExecutionArn, ApiError> {
    wire::execution_arn(&decode(segment).unwrap_or_default())
}

/// The callback that a path segment names.
///
/// # Errors
/// `InvalidParameterValueException` for what cannot be one.
pub(super) fn callback_id(segment: &str) -> Result<CallbackId, ApiError> {
    wire::callback_id(&decode(segment).unwrap_or_default())
}
