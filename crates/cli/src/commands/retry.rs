//! `lambdura retry`.

use lambda_api::ErrorObject;
use owo_colors::OwoColorize;
use uuid::Uuid;

use super::wait::is_terminal;
use crate::args::RetryExecutionArguments;
use crate::client::{Client, InvocationType, InvokeRequest};
use crate::execution_selector;
use crate::exit::CliError;
use crate::function_selector::FunctionReference;
use crate::neutral::neutral;
use crate::screen::{Screen, note};

/// An execution stays on the version that it started on, on AWS as here: what goes on with new code is a new
/// execution with the same input.
pub async fn run(
    client: &Client,
    arguments: RetryExecutionArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let function = arguments.function.as_deref();
    let arn = execution_selector::find(client, &arguments.execution, function).await?;
    let execution = client.get_execution(&arn).await?;
    let name = neutral(&execution.durable_execution_name).into_owned();
    if !is_terminal(&execution.status) && !arguments.stop {
        return Err(CliError::usage(
            format!("`{name}` has not ended, and would go on beside the new one"),
            "add `--stop` to stop it first; its waits, retries and callbacks end with it",
        ));
    }
    let reference = FunctionReference::parse(&execution.function_arn);
    let qualifier = match &arguments.qualifier {
        Some(qualifier) => qualifier.clone(),
        None => newest(client, &reference.name).await?,
    };
    if !is_terminal(&execution.status) {
        let error = ErrorObject {
            error_type: Some("Retried".to_owned()),
            error_message: Some("it was started again by `lambdura retry`".to_owned()),
            ..ErrorObject::default()
        };
        client.stop(&arn, &error).await?;
    }
    let input = execution.input_payload.unwrap_or_else(|| "{}".to_owned());
    let suffix = Uuid::new_v4().simple().to_string();
    // Names have 64 characters at the most.
    let kept: String = execution.durable_execution_name.chars().take(52).collect();
    let new_name = format!("{kept}-{}", &suffix[..8]);
    let invoked = client
        .invoke(InvokeRequest {
            function: &reference.name,
            qualifier: Some(&qualifier),
            invocation_type: InvocationType::Event,
            execution_name: Some(&new_name),
            log_tail: false,
            payload: input.into_bytes(),
        })
        .await?;
    let started = invoked.execution_arn.unwrap_or_default();
    if screen.is_json() {
        screen.json(&serde_json::json!({ "DurableExecutionArn": started, "Retried": arn }))?;
        return Ok(());
    }
    screen.line(neutral(&started))?;
    note(
        format!(
            "the input of {name}, by {}:{qualifier}",
            neutral(&reference.name)
        )
        .dimmed(),
    );
    note(format!("next: lambdura show {new_name}").dimmed());
    Ok(())
}

/// The function's only alias, or its newest code.
async fn newest(client: &Client, function: &str) -> Result<String, CliError> {
    let aliases = client.list_aliases(function).await?;
    Ok(match aliases.as_slice() {
        [only] => only.name.clone(),
        _ => "$LATEST".to_owned(),
    })
}
