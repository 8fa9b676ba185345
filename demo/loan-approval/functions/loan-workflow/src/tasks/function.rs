//! The tasks as Lambda runs them.

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use lambdura::BoxError;
use loan::{Pace, aws_configuration, required_variable};
use powertools::{Invocation, Powertools};
use serde_json::Value;

use super::progress::TaskProgress;
use super::{TaskError, Tasks};
use crate::fraud_service::LambdaFraudService;

/// Serves invocations until Lambda ends the process.
///
/// # Errors
/// The environment lacks a variable, or the Runtime API cannot be reached.
pub async fn serve() -> Result<(), BoxError> {
    let tools = Powertools::from_env();
    tools.logger.install()?;
    let config = Box::pin(aws_configuration()).await;
    let tasks = Tasks {
        progress: TaskProgress {
            client: aws_sdk_dynamodb::Client::new(&config),
            table: required_variable("PROGRESS_TABLE")?,
        },
        fraud_service: LambdaFraudService {
            client: aws_sdk_lambda::Client::new(&config),
            function: required_variable("FRAUD_CHECK_FUNCTION")?,
        },
        pace: Pace::from_env()?,
    };
    let (tools, tasks) = (&tools, &tasks);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let invocation = Invocation::from(&event.context);
        // On the heap: with the AWS SDK's calls inside, it would not fit a stack without optimisation.
        let work = Box::pin(async {
            let id = application_id(&event.payload);
            powertools::append_key("application_id", id);
            let task = event.payload["task"].as_str().unwrap_or_default();
            tracing::info!(task, "doing a task");
            tasks.handle(event.payload).await
        });
        let handled = tools.run(invocation, work).await;
        handled.map_err(|error| Diagnostic {
            error_type: error.kind().to_owned(),
            error_message: chain(&error),
        })
    }))
    .await
}

/// The application that a task belongs to.
fn application_id(event: &Value) -> String {
    let told = [
        &event["application_id"],
        &event["application"]["application_id"],
    ];
    let found = told.into_iter().find_map(Value::as_str);
    found.unwrap_or_default().to_owned()
}

/// The error with its causes.
fn chain(error: &TaskError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
