//! `lambdura asl function`: a state machine as the process of a durable function.

use std::sync::Arc;

use anyhow::Context as _;
use lambdura::DurableContext;
use serde_json::Value;
use state_machine::{KEY_VARIABLE, Key, Settings, StateMachine};

use super::definition;
use super::services::Endpoints;
use crate::args::AslFunctionArguments;
use crate::exit::CliError;

/// Serves invocations until the process is ended.
///
/// # Errors
/// A definition that is wrong or cannot be run here, and an environment that is not that of a function.
pub fn run(arguments: &AslFunctionArguments) -> Result<(), CliError> {
    let definition = definition::read_valid(&arguments.file)?;
    let name = std::env::var("AWS_LAMBDA_FUNCTION_NAME");
    let name = name.unwrap_or_else(|_| definition::name(&arguments.file));
    // A published version calls published versions of other machines: the alias `live`, which templates move along.
    let version = std::env::var("AWS_LAMBDA_FUNCTION_VERSION").unwrap_or_default();
    let is_published = version.bytes().all(|byte| byte.is_ascii_digit()) && !version.is_empty();
    let settings = Settings {
        machine_qualifier: String::from(if is_published { "live" } else { "$LATEST" }),
        role: std::env::var(server::STATE_MACHINE_ROLE).ok(),
        services: Some(Arc::new(Endpoints::of_function())),
        key: key()?,
        ..Settings::default()
    };
    let machine = StateMachine::new(name, definition, settings);
    let machine = machine.map_err(|unsupported| super::run::refused(&unsupported))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    let handler = move |input: Value, context: DurableContext| machine.clone().run(input, context);
    let served = runtime.block_on(lambdura::run(handler));
    Ok(served.context("serve the state machine as a durable function")?)
}

/// The key that the server gives to the process.
fn key() -> Result<Option<Key>, CliError> {
    let Ok(text) = std::env::var(KEY_VARIABLE) else {
        return Ok(None);
    };
    let Some(key) = Key::parse(&text) else {
        return Err(CliError::usage(
            format!("the variable {KEY_VARIABLE} is no key"),
            "a key has 64 hexadecimal digits, and is the same for all processes of a function",
        ));
    };
    Ok(Some(key))
}
