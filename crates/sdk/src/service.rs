//! The seam between the SDK and the durable execution service.
//!
//! [`DurableServiceClient`] has the calls that an invocation makes to the service; the production implementation is the
//! AWS
//! Lambda API. Test runners and embedded services bring their own and pass it to [`Invoker`](crate::Invoker).

use futures_util::future::BoxFuture;
pub use lambda_api::{
    CheckpointDurableExecutionRequest, CheckpointDurableExecutionResponse, ErrorCode,
    GetDurableExecutionStateResponse, InvocationInput, InvocationOutput, InvocationStatus,
};

use crate::error::BoxError;

/// The two calls that a running durable function makes.
///
/// An implementation retries where that can help, with exactly the same request: the service recognises a checkpoint
/// whose answer was lost by its `ClientToken`.
pub trait DurableServiceClient: Send + Sync + 'static {
    /// Records progress, all of it or nothing, and returns what changed.
    fn checkpoint<'a>(
        &'a self,
        durable_execution_arn: &'a str,
        request: CheckpointDurableExecutionRequest,
    ) -> BoxFuture<'a, Result<CheckpointDurableExecutionResponse, ServiceError>>;

    /// Reads a page of the recorded operations.
    fn get_state<'a>(
        &'a self,
        durable_execution_arn: &'a str,
        checkpoint_token: &'a str,
        marker: &'a str,
    ) -> BoxFuture<'a, Result<GetDurableExecutionStateResponse, ServiceError>>;

    /// Records a step together with its writes to the application's tables, where that is possible.
    #[cfg(feature = "embedded")]
    #[doc(hidden)]
    fn transactions(&self) -> Option<&dyn crate::transacting::Transactions> {
        None
    }
}

/// Why a call to the service failed, after every retry.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The service answered with an error.
    #[error("{code}: {message} (HTTP {status})")]
    Rejected {
        /// AWS's name of the error.
        code: ErrorCode,
        /// The HTTP status.
        status: u16,
        /// The service's message.
        message: String,
    },
    /// There was no usable answer.
    #[error("no answer from the service: {cause}")]
    Unreachable {
        /// The failure of the call.
        cause: BoxError,
    },
}

impl ServiceError {
    /// Whether a new invocation, with a new checkpoint token, can get further.
    ///
    /// It cannot if the service answers that the request itself is wrong, or that the execution's data cannot be
    /// decrypted; those end the execution.
    pub(crate) fn is_worth_another_invocation(&self) -> bool {
        const STALE_TOKEN: &str = "invalid checkpoint token";
        match self {
            Self::Unreachable { .. } => true,
            Self::Rejected {
                code,
                status,
                message,
            } => match code {
                ErrorCode::KmsAccessDenied
                | ErrorCode::KmsDisabled
                | ErrorCode::KmsInvalidState
                | ErrorCode::KmsNotFound => false,
                // The official SDKs disagree on the case of this message, so ours does not depend on it.
                ErrorCode::InvalidParameterValue => message
                    .get(..STALE_TOKEN.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(STALE_TOKEN)),
                _ => *status == 429 || *status >= 500,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(code: ErrorCode, message: &str) -> ServiceError {
        let status = code.status();
        ServiceError::Rejected {
            code,
            status,
            message: message.to_owned(),
        }
    }

    #[test]
    fn errors_are_classified_as_the_protocol_reference_says() {
        let again = [
            rejected(
                ErrorCode::InvalidParameterValue,
                "Invalid checkpoint token: x",
            ),
            rejected(ErrorCode::InvalidParameterValue, "Invalid Checkpoint Token"),
            rejected(ErrorCode::TooManyRequests, "slow down"),
            rejected(ErrorCode::Service, "oops"),
            ServiceError::Unreachable {
                cause: "connection refused".into(),
            },
        ];
        for error in again {
            assert!(error.is_worth_another_invocation(), "{error}");
        }
        let final_ones = [
            rejected(
                ErrorCode::InvalidParameterValue,
                "Invalid parent operation id.",
            ),
            rejected(ErrorCode::KmsDisabled, "no key"),
            rejected(ErrorCode::AccessDenied, "no"),
            rejected(ErrorCode::Validation, "1 validation error"),
        ];
        for error in final_ones {
            assert!(!error.is_worth_another_invocation(), "{error}");
        }
    }
}
