//! `lambdura pause` and `lambdura resume`.

use lambda_api::{PauseDurableExecutionRequest, ResumeDurableExecutionRequest};
use owo_colors::OwoColorize;

use crate::args::{PauseArguments, ResumeArguments};
use crate::client::Client;
use crate::execution_selector;
use crate::exit::CliError;
use crate::neutral::neutral;
use crate::screen::Screen;

pub async fn pause(
    client: &Client,
    arguments: PauseArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let function = arguments.function.as_deref();
    let arn = execution_selector::find(client, &arguments.execution, function).await?;
    let request = PauseDurableExecutionRequest {
        client_token: None,
        reason: arguments.reason,
        execution_timeout_paused: Some(!arguments.keep_timeout),
    };
    client.pause(&arn, &request).await?;
    say(client, &arn, "⏸", screen).await
}

pub async fn resume(
    client: &Client,
    arguments: ResumeArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let function = arguments.function.as_deref();
    let arn = execution_selector::find(client, &arguments.execution, function).await?;
    let request = ResumeDurableExecutionRequest {
        client_token: None,
        reason: arguments.reason,
    };
    client.resume(&arn, &request).await?;
    say(client, &arn, "▶", screen).await
}

/// Prints the execution's status now: a pause may have to wait for the running invocation.
async fn say(client: &Client, arn: &str, sign: &str, screen: &Screen) -> Result<(), CliError> {
    let execution = client.get_execution(arn).await?;
    if screen.is_json() {
        screen.json(&execution)?;
        return Ok(());
    }
    screen.line(format!(
        "{} {} {}",
        sign.dimmed(),
        neutral(&execution.durable_execution_name),
        neutral(execution.status.as_str()),
    ))?;
    Ok(())
}
