//! `lambdura retry`.

use lambda_api::{
    ErrorObject, ExecutionStatus, GetDurableExecutionResponse, PauseDurableExecutionRequest,
    ResumeDurableExecutionRequest,
};
use owo_colors::OwoColorize;
use serde_json::json;
use uuid::Uuid;

use super::wait::is_terminal;
use crate::args::RetryExecutionArguments;
use crate::client::{Client, InvocationType, InvokeRequest};
use crate::execution_selector;
use crate::exit::CliError;
use crate::function_selector::FunctionReference;
use crate::neutral::neutral;
use crate::screen::{Screen, note};

/// An execution stays on the version that it started on, on AWS as here. To go on with new code, this starts a new
/// execution with the same input, or, with `--now`, gives that code to the version of the same one.
pub async fn run(
    client: &Client,
    arguments: RetryExecutionArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let function = arguments.function.as_deref();
    let arn = execution_selector::find(client, &arguments.execution, function).await?;
    let execution = client.get_execution(&arn).await?;
    let reference = FunctionReference::parse(&execution.function_arn);
    let qualifier = match &arguments.qualifier {
        Some(qualifier) => qualifier.clone(),
        None => newest(client, &reference.name).await?,
    };
    if arguments.now {
        return go_on(client, &execution, &reference, &qualifier, screen).await;
    }
    start_again(
        client,
        &execution,
        &reference.name,
        &qualifier,
        &arguments,
        screen,
    )
    .await
}

/// Gives the version that the execution is on the code of another one, and has it invoked at once.
async fn go_on(
    client: &Client,
    execution: &GetDurableExecutionResponse,
    reference: &FunctionReference,
    qualifier: &str,
    screen: &Screen,
) -> Result<(), CliError> {
    let name = neutral(&execution.durable_execution_name).into_owned();
    if is_terminal(&execution.status) {
        return Err(CliError::usage(
            format!("`{name}` has ended, and cannot continue"),
            "without `--now` a new execution is started, with the same input",
        ));
    }
    let arn = &execution.durable_execution_arn;
    let version = reference.qualifier.as_deref().unwrap_or("$LATEST");
    // `$LATEST` is the newest code already.
    let replaced = match version {
        "$LATEST" => None,
        version => Some(
            client
                .replace_code(&reference.name, version, qualifier)
                .await?,
        ),
    };
    let is_paused = execution.status == ExecutionStatus::Paused;
    if execution.status == ExecutionStatus::Running {
        // An execution that was paused is invoked as soon as it is resumed, however long it would have rested.
        let reason = Some(format!(
            "`lambdura retry --now`, with the code of {qualifier}"
        ));
        let pause = PauseDurableExecutionRequest {
            client_token: None,
            reason: reason.clone(),
            execution_timeout_paused: Some(false),
        };
        client.pause(arn, &pause).await?;
        let resume = ResumeDurableExecutionRequest {
            client_token: None,
            reason,
        };
        client.resume(arn, &resume).await?;
    }
    if screen.is_json() {
        let code = replaced.map(|it| json!({ "CodeOf": it.code_of, "Changed": it.changed }));
        screen.json(&json!({ "DurableExecutionArn": arn, "Version": version, "Code": code }))?;
        return Ok(());
    }
    screen.line(neutral(arn))?;
    let function = neutral(&reference.name);
    note(match &replaced {
        Some(code) if code.changed => format!(
            "version {version} of {function} runs the code of version {} from now on, for all of its executions",
            neutral(&code.code_of)
        ),
        Some(_) | None => format!("version {version} of {function} has that code already"),
    });
    if is_paused {
        note(format!("it is paused: lambdura resume {name}").dimmed());
    } else {
        note(format!("next: lambdura show {name}").dimmed());
    }
    Ok(())
}

/// Starts a new execution with the same input.
async fn start_again(
    client: &Client,
    execution: &GetDurableExecutionResponse,
    function: &str,
    qualifier: &str,
    arguments: &RetryExecutionArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let arn = &execution.durable_execution_arn;
    let name = neutral(&execution.durable_execution_name).into_owned();
    let has_ended = is_terminal(&execution.status);
    if !has_ended && !arguments.stop {
        return Err(CliError::usage(
            format!("`{name}` has not ended, and would run beside the new one"),
            "`--now` continues it with the corrected code; `--stop` stops it first, and its waits, retries and callbacks \
             end with it",
        ));
    }
    let input = execution.input_payload.clone();
    let suffix = Uuid::new_v4().simple().to_string();
    // Names have 64 characters at the most.
    let kept: String = execution.durable_execution_name.chars().take(52).collect();
    let new_name = format!("{kept}-{}", &suffix[..8]);
    // First the new one: if it cannot be started, the old one is not stopped.
    let invoked = client
        .invoke(InvokeRequest {
            function,
            qualifier: Some(qualifier),
            invocation_type: InvocationType::Event,
            execution_name: Some(&new_name),
            log_tail: false,
            payload: input.unwrap_or_else(|| "{}".to_owned()).into_bytes(),
        })
        .await?;
    if !has_ended {
        let error = ErrorObject {
            error_type: Some("Retried".to_owned()),
            error_message: Some("it was started again by `lambdura retry`".to_owned()),
            ..ErrorObject::default()
        };
        client.stop(arn, &error).await?;
    }
    let started = invoked.execution_arn.unwrap_or_default();
    if screen.is_json() {
        screen.json(&json!({ "DurableExecutionArn": started, "Retried": arn }))?;
        return Ok(());
    }
    screen.line(neutral(&started))?;
    note(format!("the input of {name}, by {}:{qualifier}", neutral(function)).dimmed());
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
