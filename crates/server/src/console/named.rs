//! Names in paths.

use lambda_api::ErrorCode;
use model::ExecutionId;
use wire::ApiError;

use crate::http::decode;

/// The execution that a path names.
pub(super) fn execution_id(segment: &str) -> Result<ExecutionId, ApiError> {
    let id = decode(segment).and_then(|id| ExecutionId::parse(&id).ok());
    id.ok_or_else(|| {
        let message = "an execution's id is what its ARN ends with";
        ApiError::new(ErrorCode::InvalidParameterValue, message)
    })
}
