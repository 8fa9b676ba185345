//! `lambdura asl run`: a state machine in this program.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use asl::Definition;
use lambda_runtime::LambdaEvent;
use lambdura::embedded::{Builder, Embedded, Error, ExecutionStatus, HandlerOptions};
use lambdura::{BoxError, DurableContext, NamedError};
use serde::Serialize;
use serde_json::Value;
use state_machine::{Key, Settings, StateMachine, UnsupportedResource, functions};
use tokio::sync::SetOnce;

use super::mocks::{self, Answer, Mock, Mocks};
use super::services::{Endpoints, Mocked};
use super::{definition, key};
use crate::args::AslRunArguments;
use crate::client::{Client, InvocationType, InvokeRequest};
use crate::exit::CliError;
use crate::neutral::neutral;
use crate::payload_argument;
use crate::screen::{Screen, note};

/// The outcome of the execution.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ended {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

/// Runs a definition to its end.
///
/// # Errors
/// [`CliError::FunctionFailed`] when the execution fails; other errors when it cannot be run.
pub async fn run(
    arguments: AslRunArguments,
    endpoint: &str,
    screen: &Screen,
) -> Result<(), CliError> {
    let definition = definition::read_valid(&arguments.file)?;
    let input = payload_argument::read_json(&arguments.input)?;
    let input: Value = serde_json::from_slice(&input).context("read the input")?;
    let mocks = arguments.mocks.as_deref().map(mocks::read).transpose()?;
    let name = definition::name(&arguments.file);
    let temporary = tempfile::tempdir().context("cannot make a temporary folder")?;
    let data = arguments.data.clone();
    let key = data.as_deref().map(key::beside).transpose()?;
    let data = data.unwrap_or_else(|| temporary.path().join("execution.db"));
    let app = Arc::new(SetOnce::new());
    let machine = Machine {
        name: &name,
        definition,
        mocks,
        endpoint,
        app: Arc::clone(&app),
        files: arguments.files.clone(),
        key,
    };
    let opened = machine.register(Embedded::builder(&data))?.open().await;
    let opened = opened.with_context(|| format!("cannot open `{}`", data.display()))?;
    // Nothing else sets it.
    let _ = app.set(opened.clone());
    let mut start = opened.start(&name, &input);
    if let Some(execution) = &arguments.name {
        start = start.name(execution);
    }
    let execution = start.await.context("start the execution")?;
    let ended = execution.result::<Value>().await;
    let shut = opened.shut_down().await;
    let ended = match ended {
        Ok(output) => Ended {
            status: "SUCCEEDED",
            output: Some(output),
            error: None,
            cause: None,
        },
        Err(Error::Ended { status, error }) => Ended {
            status: match status {
                ExecutionStatus::TimedOut => "TIMED_OUT",
                ExecutionStatus::Stopped => "ABORTED",
                _ => "FAILED",
            },
            output: None,
            error: error.as_ref().and_then(|it| it.error_type.clone()),
            cause: error.and_then(|it| it.error_message.clone()),
        },
        Err(error) => {
            return Err(anyhow::Error::new(error)
                .context("run the execution")
                .into());
        }
    };
    shut.context("close the execution's file")?;
    show(&ended, screen)
}

fn show(ended: &Ended, screen: &Screen) -> Result<(), CliError> {
    if screen.is_json() {
        screen.json(ended)?;
    } else if let Some(output) = &ended.output {
        screen.json(output)?;
    }
    if ended.output.is_some() {
        return Ok(());
    }
    if !screen.is_json() {
        let error = ended.error.as_deref().unwrap_or("no error name");
        let cause = ended.cause.as_deref().unwrap_or_default();
        note(format!(
            "{}: {}: {}",
            ended.status,
            neutral(error),
            neutral(cause)
        ));
    }
    Err(CliError::FunctionFailed)
}

/// Resources that cannot be called.
pub fn refused(unsupported: &[UnsupportedResource]) -> CliError {
    let lines: Vec<_> = unsupported.iter().map(|it| format!("  {it}")).collect();
    CliError::usage(
        format!(
            "the state machine cannot be run here:\n{}",
            lines.join("\n")
        ),
        "let a Lambda function call what is not supported",
    )
}

/// A state machine with the functions that it calls.
struct Machine<'a> {
    name: &'a str,
    definition: Definition,
    mocks: Option<Mocks>,
    endpoint: &'a str,
    /// The program, with which task tokens are completed.
    app: Arc<SetOnce<Embedded>>,
    files: Option<std::path::PathBuf>,
    /// Of a program whose execution is kept.
    key: Option<Key>,
}

impl Machine<'_> {
    fn register(self, builder: Builder) -> Result<Builder, CliError> {
        let mut callable: BTreeSet<String> = functions(&self.definition);
        callable.remove(self.name);
        let mut builder = builder;
        for function in &callable {
            builder = match &self.mocks {
                None => called(builder, function, self.endpoint)?,
                Some(mocks) => match mocks.get(function) {
                    Some(mock) => mocked(builder, function, mock, &self.app),
                    None => {
                        return Err(CliError::usage(
                            format!("the mocks have no answer for the function `{function}`"),
                            "each function that the definition names needs one",
                        ));
                    }
                },
            };
        }
        // A mock may stand for a function whose name is found out while the machine runs.
        for (function, mock) in self.mocks.iter().flatten() {
            if callable.insert(function.clone()) {
                builder = mocked(builder, function, mock, &self.app);
            }
        }
        let seconds = self.definition.timeout_seconds;
        let settings = Settings {
            callable: Some(callable),
            machine_qualifier: String::new(),
            files: self.files,
            role: None,
            services: Some(match self.mocks {
                None => Arc::new(Endpoints::at(self.endpoint)),
                Some(mocks) => Arc::new(Mocked(mocks)),
            }),
            key: self.key,
        };
        let machine = StateMachine::new(self.name, self.definition, settings);
        let machine = machine.map_err(|unsupported| refused(&unsupported))?;
        let mut options = HandlerOptions::default();
        if let Some(seconds) = seconds {
            options = options.execution_timeout(Duration::from_secs(seconds));
        }
        let handler =
            move |input: Value, context: DurableContext| machine.clone().run(input, context);
        Ok(builder.handler_with(self.name, handler, options))
    }
}

/// A function that the service at the endpoint runs.
fn called(builder: Builder, function: &str, endpoint: &str) -> Result<Builder, CliError> {
    let client = Arc::new(Client::new(endpoint)?);
    let name = function.to_owned();
    Ok(
        builder.function(function, move |event: LambdaEvent<Value>| {
            let (client, name) = (Arc::clone(&client), name.clone());
            async move { call(&client, &name, &event.payload).await }
        }),
    )
}

async fn call(client: &Client, function: &str, payload: &Value) -> Result<Value, NamedError> {
    let invoked = client.invoke(InvokeRequest {
        function,
        qualifier: None,
        invocation_type: InvocationType::RequestResponse,
        execution_name: None,
        log_tail: false,
        payload: payload.to_string().into_bytes(),
    });
    let invoked = invoked.await.map_err(|error| {
        let name = match &error {
            crate::client::CallError::Refused(api) => format!("Lambda.{}", api.code.as_str()),
            _ => String::from("Lambda.SdkClientException"),
        };
        NamedError::new(name, error.to_string())
    })?;
    let body: Value = serde_json::from_slice(&invoked.payload).unwrap_or(Value::Null);
    if invoked.function_error.is_none() {
        return Ok(body);
    }
    let part = |name: &str| body.get(name).and_then(Value::as_str);
    Err(NamedError::new(
        part("errorType").unwrap_or("Lambda.Unknown"),
        part("errorMessage").unwrap_or_default(),
    ))
}

/// A function that a mock stands for.
fn mocked(
    builder: Builder,
    function: &str,
    mock: &Arc<Mock>,
    app: &Arc<SetOnce<Embedded>>,
) -> Builder {
    let (mock, app) = (Arc::clone(mock), Arc::clone(app));
    builder.function(function, move |event: LambdaEvent<Value>| {
        let (answer, app) = (mock.next(), Arc::clone(&app));
        async move {
            match answer {
                Answer::Return(value) => Ok(value),
                Answer::Throw(thrown) => Err(BoxError::from(thrown.named())),
                Answer::Token(answer) => {
                    complete(app.wait().await, &event.payload, *answer).await?;
                    Ok(Value::Null)
                }
            }
        }
    })
}

/// Completes the task token that is somewhere in the function's input.
async fn complete(app: &Embedded, payload: &Value, answer: Answer) -> Result<(), BoxError> {
    for text in mocks::texts(payload) {
        let completed = match &answer {
            Answer::Return(value) => app.send_callback_success(text, value).await,
            Answer::Throw(thrown) => {
                app.send_callback_failure(text, &thrown.error, &thrown.cause)
                    .await
            }
            Answer::Token(_) => return Err("a task token is completed by Return or Throw".into()),
        };
        if completed.is_ok() {
            return Ok(());
        }
    }
    Err("the input of the function has no task token that is open".into())
}
