//! Waits for the end of an execution.

use std::time::Duration;

use lambda_api::{ExecutionStatus, GetDurableExecutionResponse};

use crate::client::Client;
use crate::exit::CliError;
use crate::screen::Screen;

/// Pause between two requests for a status. The API cannot notify a client; a person does not notice a quarter of a
/// second, and the service does not notice four requests in a second.
pub const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Whether an execution with this status never changes again.
pub fn is_terminal(status: &ExecutionStatus) -> bool {
    match status {
        ExecutionStatus::Succeeded
        | ExecutionStatus::Failed
        | ExecutionStatus::TimedOut
        | ExecutionStatus::Stopped => true,
        ExecutionStatus::Running
        | ExecutionStatus::Pausing
        | ExecutionStatus::Paused
        | ExecutionStatus::Deleting
        | ExecutionStatus::Unknown(_) => false,
    }
}

/// Returns the execution once it has ended.
///
/// # Errors
/// The service's errors.
pub async fn until_ended(
    client: &Client,
    arn: &str,
) -> Result<GetDurableExecutionResponse, CliError> {
    loop {
        let execution = client.get_execution(arn).await?;
        if is_terminal(&execution.status) {
            return Ok(execution);
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Prints the result of an execution that has ended, as a synchronous invocation would have returned it.
///
/// # Errors
/// [`CliError::FunctionFailed`], after its error has been printed, unless it succeeded.
pub fn print_outcome(
    screen: &Screen,
    execution: &GetDurableExecutionResponse,
) -> Result<(), CliError> {
    if execution.status == ExecutionStatus::Succeeded {
        let result = execution.result.as_deref().unwrap_or("null");
        screen.foreign(result.as_bytes())?;
        return Ok(());
    }
    let error = execution.error.clone().unwrap_or_default();
    let body = lambda_api::FunctionErrorBody {
        error_message: error
            .error_message
            .or_else(|| Some(format!("the execution ended as {}", execution.status))),
        error_type: error.error_type,
        stack_trace: error.stack_trace,
        request_id: None,
    };
    screen.json(&body)?;
    Err(CliError::FunctionFailed)
}
