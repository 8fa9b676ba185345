//! Completing a callback: the way in which the fraud check and the manager resume the workflow.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::SdkError;
use aws_sdk_lambda::operation::send_durable_execution_callback_success::SendDurableExecutionCallbackSuccessError;
use aws_sdk_lambda::primitives::Blob;
use serde_json::Value;

/// The result of completing a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackAnswer {
    /// It is completed, and durably so: the workflow will resume.
    Accepted,
    /// It was completed before, it timed out, or its execution is over. Nothing changed.
    Closed,
}

/// The callback could not be completed; it may still be open.
#[derive(Debug, thiserror::Error)]
#[error("complete the callback")]
pub struct SucceedCallbackError(#[source] Box<SdkError<SendDurableExecutionCallbackSuccessError>>);

/// Completes a callback with a result.
///
/// The AWS client repeats a call whose answer was lost, so [`CallbackAnswer::Closed`] may also mean that this very call
/// completed it.
///
/// # Errors
///
/// When Lambda cannot be reached, refuses the callback id, or fails.
pub async fn succeed_callback(
    client: &Client,
    callback_id: &str,
    result: &Value,
) -> Result<CallbackAnswer, SucceedCallbackError> {
    let sent = client
        .send_durable_execution_callback_success()
        .callback_id(callback_id)
        .result(Blob::new(result.to_string()))
        .send()
        .await;
    match sent {
        Ok(_) => Ok(CallbackAnswer::Accepted),
        Err(error) => match error.as_service_error() {
            Some(
                SendDurableExecutionCallbackSuccessError::CallbackTimeoutException(_)
                | SendDurableExecutionCallbackSuccessError::ResourceNotFoundException(_),
            ) => Ok(CallbackAnswer::Closed),
            _ => Err(SucceedCallbackError(Box::new(error))),
        },
    }
}
