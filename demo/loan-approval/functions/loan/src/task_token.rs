//! Completing a task token: the way in which the fraud check and the manager resume the state machine.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::SdkError;
use aws_sdk_sfn::operation::send_task_success::SendTaskSuccessError;
use serde_json::Value;

use crate::CallbackAnswer;

/// The task could not be completed; it may still be open.
#[derive(Debug, thiserror::Error)]
#[error("complete the task")]
pub struct SucceedTaskError(#[source] Box<SdkError<SendTaskSuccessError>>);

/// Completes a task with its output, as [`succeed_callback`](crate::succeed_callback) does a callback.
///
/// # Errors
///
/// When Step Functions cannot be reached, refuses the token, or fails.
pub async fn succeed_task(
    client: &Client,
    task_token: &str,
    output: &Value,
) -> Result<CallbackAnswer, SucceedTaskError> {
    let sent = client
        .send_task_success()
        .task_token(task_token)
        .output(output.to_string())
        .send()
        .await;
    match sent {
        Ok(_) => Ok(CallbackAnswer::Accepted),
        Err(error) => match error.as_service_error() {
            Some(
                SendTaskSuccessError::TaskTimedOut(_) | SendTaskSuccessError::TaskDoesNotExist(_),
            ) => Ok(CallbackAnswer::Closed),
            _ => Err(SucceedTaskError(Box::new(error))),
        },
    }
}
