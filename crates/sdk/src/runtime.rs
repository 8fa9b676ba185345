//! Serving invocations from the Lambda Runtime API.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lambda_api::{InvocationInput, InvocationOutput};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::context::DurableContext;
use crate::error::BoxError;
use crate::invocation::{InvocationContext, Invoker};
use crate::run_error::Error;
use crate::subscriber;

/// The environment variables that the Rust Lambda runtime requires.
const REQUIRED_VARIABLES: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
];

/// Serves invocations of the durable function `handler` for as long as the process lives.
///
/// ```no_run
/// use lambdura::{BoxError, DurableContext, durable_execution};
///
/// #[durable_execution]
/// async fn handler(name: String, ctx: DurableContext) -> Result<String, BoxError> {
///     Ok(format!("hello, {name}"))
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<(), lambdura::Error> {
///     lambdura::run(handler).await
/// }
/// ```
///
/// # Logs
///
/// Unless the program has installed a `tracing` subscriber, events are written to standard output, at the level
/// `AWS_LAMBDA_LOG_LEVEL` or `RUST_LOG` (`INFO` without either), as JSON if `AWS_LAMBDA_LOG_FORMAT` says so, and
/// without those of code that is being [replayed](crate::ReplayFilter). A subscriber of the program's own must be
/// installed before this is called.
///
/// # Many invocations at a time
///
/// One invocation is served after another, unless the environment asks for more: functions with a
/// `CapacityProviderConfig` (Lambda Managed Instances) get `AWS_LAMBDA_MAX_CONCURRENCY` invocations at a time, each as
/// a task of the current Tokio runtime with a context of its own. A handler that panics fails its own invocation and no
/// other. State outside an invocation (statics, `_X_AMZN_TRACE_ID`) is shared by all.
///
/// # Errors
///
/// When the process does not run in a Lambda environment, the AWS configuration cannot be used, or the Runtime API
/// fails. Errors of single invocations are reported to the service instead.
pub async fn run<F, Fut, Event, T, E>(handler: F) -> Result<(), Error>
where
    F: Fn(Event, DurableContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    Event: DeserializeOwned + Send + 'static,
    T: Serialize + Send + 'static,
    E: Into<BoxError> + 'static,
{
    check_environment()?;
    subscriber::install_default();
    run_with(Invoker::from_env().await?, handler).await
}

/// Serves invocations as [`run`] does, with an `invoker` that has plugins.
///
/// ```no_run
/// # use lambdura::{BoxError, DurableContext, Plugin};
/// # struct Traces;
/// # impl Plugin for Traces {}
/// # async fn handler(name: String, ctx: DurableContext) -> Result<String, BoxError> { Ok(name) }
/// use lambdura::Invoker;
///
/// #[tokio::main]
/// async fn main() -> Result<(), lambdura::Error> {
///     lambdura::run_with(Invoker::from_env().await?.with_plugin(Traces), handler).await
/// }
/// ```
///
/// # Errors
///
/// When the process does not run in a Lambda environment, or the Runtime API fails.
pub async fn run_with<F, Fut, Event, T, E>(invoker: Invoker, handler: F) -> Result<(), Error>
where
    F: Fn(Event, DurableContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    Event: DeserializeOwned + Send + 'static,
    T: Serialize + Send + 'static,
    E: Into<BoxError> + 'static,
{
    check_environment()?;
    subscriber::install_default();
    let served = Arc::new((invoker, handler));
    lambda_runtime::run_concurrent(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let served = Arc::clone(&served);
        async move {
            let (invoker, handler) = served.as_ref();
            serve(invoker, handler, event).await
        }
    }))
    .await
    .map_err(Error::Runtime)
}

fn check_environment() -> Result<(), Error> {
    for variable in REQUIRED_VARIABLES {
        if std::env::var_os(variable).is_none() {
            return Err(Error::NotInLambda { variable });
        }
    }
    Ok(())
}

async fn serve<F, Fut, Event, T, E>(
    invoker: &Invoker,
    handler: &F,
    event: LambdaEvent<Box<RawValue>>,
) -> Result<InvocationOutput, Diagnostic>
where
    F: Fn(Event, DurableContext) -> Fut + Sync,
    Fut: Future<Output = Result<T, E>> + Send,
    Event: DeserializeOwned + Send,
    T: Serialize + Send,
    E: Into<BoxError>,
{
    let invocation = InvocationContext {
        remaining_time: Some(remaining_time(event.context.deadline())),
        request_id: event.context.request_id,
    };
    let result = match read_input(&event.payload) {
        Ok(input) => invoker.invoke(handler, input, invocation).await,
        Err(error) => Err(error),
    };
    result.map_err(|error| {
        tracing::error!(%error, "the invocation failed");
        Diagnostic {
            error_type: error_type(&error).to_owned(),
            error_message: error.to_string(),
        }
    })
}

fn read_input(event: &RawValue) -> Result<InvocationInput, Error> {
    serde_json::from_str(event.get()).map_err(|error| Error::NotDurable {
        reason: error.to_string(),
    })
}

fn remaining_time(deadline: SystemTime) -> Duration {
    deadline
        .duration_since(SystemTime::now())
        .unwrap_or_default()
}

fn error_type(error: &Error) -> &'static str {
    match error {
        Error::NotInLambda { .. } | Error::Configuration { .. } => "ConfigurationError",
        Error::NotDurable { .. } => "NotDurableError",
        Error::Service { .. } => "CheckpointError",
        Error::Runtime(_) => "RuntimeError",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_of_a_plain_invocation_is_explained() {
        let event = RawValue::from_string(r#"{"name":"Alice"}"#.to_owned()).unwrap();
        let message = read_input(&event).unwrap_err().to_string();
        assert!(
            message.contains("missing field `DurableExecutionArn`"),
            "{message}"
        );
        assert!(
            message.contains("does the function have a DurableConfig"),
            "{message}"
        );
    }
}
