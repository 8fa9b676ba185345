//! `lambdura invoke`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_api::FunctionConfiguration;
use owo_colors::OwoColorize;
use serde::Serialize;
use uuid::Uuid;

use super::logs::{Follow, follow};
use super::wait;
use super::watch::{self, Watched};
use crate::args::InvokeArguments;
use crate::client::{Client, InvocationType, InvokeRequest, Invoked};
use crate::execution_selector::id_of;
use crate::exit::CliError;
use crate::function_selector::{self, FunctionReference};
use crate::neutral::neutral_lines;
use crate::payload_argument;
use crate::screen::{Screen, note};

pub async fn run(
    client: &Client,
    arguments: InvokeArguments,
    screen: &Screen,
) -> Result<(), CliError> {
    let payload = match &arguments.payload {
        Some(argument) => payload_argument::read_json(argument)?,
        None => b"{}".to_vec(),
    };
    let reference = FunctionReference::parse(&arguments.function);
    let function = function_selector::find(client, &reference.name).await?;
    let durable = function_selector::is_durable(&function);
    if arguments.name.is_some() && !durable {
        return Err(CliError::usage(
            format!(
                "`{}` is not a durable function: its invocations have no names",
                function.function_name
            ),
            "leave out `--name`",
        ));
    }
    let qualifier = match (&reference.qualifier, durable) {
        (Some(qualifier), _) => Some(qualifier.clone()),
        (None, true) => Some(only_alias(client, &function).await?),
        (None, false) => None,
    };
    // `--wait` and `--follow` start it asynchronously: a synchronous caller is dropped after 15 minutes.
    let waits = arguments.wait || arguments.follow;
    let asynchronous = arguments.event || (durable && waits);
    // The name lets this command find the execution and report on it while the caller waits.
    let own_name =
        (durable && !asynchronous && arguments.name.is_none()).then(|| Uuid::new_v4().to_string());
    let name = arguments.name.as_deref().or(own_name.as_deref());
    let request = InvokeRequest {
        function: &function.function_name,
        qualifier: qualifier.as_deref(),
        invocation_type: if asynchronous {
            InvocationType::Event
        } else {
            InvocationType::RequestResponse
        },
        execution_name: name,
        log_tail: arguments.follow && !durable,
        payload,
    };
    let invoking = async { client.invoke(request).await.map_err(CliError::from) };
    let invoked = match name {
        Some(name) if !asynchronous => {
            let watched = Watched::Named {
                function: &function.function_name,
                name,
            };
            watch::beside(client, watched, invoking).await?
        }
        Some(_) | None => invoking.await?,
    };
    if !asynchronous {
        let printed = print_result(screen, &invoked);
        if let (Err(CliError::FunctionFailed), Some(arn)) = (&printed, &invoked.execution_arn) {
            watch::advise(client, id_of(arn)).await;
        }
        return printed;
    }
    match &invoked.execution_arn {
        Some(arn) if waits => wait_for(client, screen, arn, arguments.follow).await,
        Some(_) | None => print_started(screen, &function, &invoked),
    }
}

/// The alias that an unqualified name means: the only one, or `$LATEST` if there is none. Several are an error.
async fn only_alias(client: &Client, function: &FunctionConfiguration) -> Result<String, CliError> {
    let name = &function.function_name;
    let aliases = client.list_aliases(name).await?;
    if let [only] = aliases.as_slice() {
        note(format!("using the only alias: {name}:{}", only.name).dimmed());
        return Ok(only.name.clone());
    }
    if aliases.is_empty() {
        note(format!("it has no alias: using {name}:$LATEST").dimmed());
        return Ok("$LATEST".to_owned());
    }
    let examples: Vec<String> = aliases
        .iter()
        .take(5)
        .map(|alias| format!("`{name}:{}`", alias.name))
        .chain([format!("`{name}:$LATEST`")])
        .collect();
    Err(CliError::usage(
        format!("`{name}` is durable, and a durable function is invoked by version or alias"),
        format!("say which: {}", examples.join(", ")),
    ))
}

fn print_result(screen: &Screen, invoked: &Invoked) -> Result<(), CliError> {
    if let Some(log) = invoked
        .log_result
        .as_deref()
        .and_then(|text| STANDARD.decode(text).ok())
    {
        note(neutral_lines(String::from_utf8_lossy(&log).trim_end()).dimmed());
    }
    let payload: &[u8] = match invoked.payload.as_slice() {
        [] => b"null",
        payload => payload,
    };
    screen.foreign(payload)?;
    match &invoked.function_error {
        Some(_) => Err(CliError::FunctionFailed),
        None => Ok(()),
    }
}

/// The output of `--output json` for an asynchronous invocation: the members of AWS's answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Started<'a> {
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    executed_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    durable_execution_arn: Option<&'a str>,
}

fn print_started(
    screen: &Screen,
    function: &FunctionConfiguration,
    invoked: &Invoked,
) -> Result<(), CliError> {
    if screen.is_json() {
        screen.json(&Started {
            status_code: invoked.status,
            executed_version: invoked.executed_version.as_deref(),
            durable_execution_arn: invoked.execution_arn.as_deref(),
        })?;
        return Ok(());
    }
    let Some(arn) = &invoked.execution_arn else {
        screen.line(format!("accepted by {}", function.function_name))?;
        note(
            format!(
                "see what it does with `lambdura logs {} --follow`",
                function.function_name
            )
            .dimmed(),
        );
        return Ok(());
    };
    screen.line(crate::neutral::neutral(arn))?;
    let name = arn.rsplit('/').nth(1).unwrap_or_else(|| id_of(arn));
    note(format!("next: lambdura show {name}    lambdura logs {name} --follow").dimmed());
    Ok(())
}

async fn wait_for(
    client: &Client,
    screen: &Screen,
    arn: &str,
    with_log: bool,
) -> Result<(), CliError> {
    note(arn.dimmed());
    let waiting = async {
        if with_log {
            follow(client, &Follow::execution_to_stderr(arn), screen).await?;
        }
        wait::until_ended(client, arn).await
    };
    let execution = watch::beside(client, Watched::Id(id_of(arn)), waiting).await?;
    let printed = wait::print_outcome(screen, &execution);
    if printed.is_err() {
        watch::advise(client, id_of(arn)).await;
    }
    printed
}
