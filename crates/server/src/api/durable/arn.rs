//! ARNs and ids in paths.

use model::{CallbackId, ExecutionArn};
use wire::ApiError;

use crate::http::decode;

/// The durable execution that a path segment names.
///
/// # Errors
/// `ValidationException` when the segment is not the ARN of a durable execution.
pub(super) fn execution_arn(segment: &str) -> Result<ExecutionArn, ApiError> {
    wire::execution_arn(&decode(segment).unwrap_or_default())
}

/// The callback that a path segment names.
///
/// # Errors
/// `InvalidParameterValueException` when the segment cannot be a callback id.
pub(super) fn callback_id(segment: &str) -> Result<CallbackId, ApiError> {
    wire::callback_id(&decode(segment).unwrap_or_default())
}
