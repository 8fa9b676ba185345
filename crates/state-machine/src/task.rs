//! Work that a Task has done.

use std::sync::Arc;
use std::time::Duration;

use asl::{StateError, Task};
use lambdura::{
    BoxError, Callback, DurableContext, NamedError, RetryStrategy, SerDes, SerDesContext,
    StepContext,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::activity;
use crate::failure::{IntoStateError as _, TEXT_TOO_LARGE, named};
use crate::frame::Frame;
use crate::integration::{Integration, with_metadata};
use crate::nested;
use crate::resource::{Resource, task_name};
use crate::services::{ServiceError, ServiceRequest, ServiceResult};
use crate::size::{fits, fits_as_text};
use crate::walk::Walk;

/// The step that calls a service.
pub const CALL: &str = "call";

/// The name of the wait that a call is raced against.
pub const TIMEOUT: &str = "timeout";
/// The same, where the time without a heartbeat is the shorter one.
pub const HEARTBEAT: &str = "heartbeat timeout";

/// How a call and its timeout ended.
#[derive(Serialize, Deserialize)]
enum Raced {
    Answered(Value),
    TimedOut,
}

/// How long a task may take, and say nothing.
pub(crate) struct Limits {
    pub timeout: Option<Duration>,
    pub heartbeat: Option<Duration>,
}

/// Has the work of a Task done, and gives its result.
pub(crate) async fn run(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
    task: &Task,
    context: &DurableContext,
) -> Result<Value, StateError> {
    let result = match work(walk, frame, task, context).await {
        Err(error) if error.error == asl::DATA_LIMIT_EXCEEDED => None,
        result => Some(result?).filter(fits),
    };
    result.ok_or_else(|| StateError::task_result_too_large(task_name(&task.resource)))
}

async fn work(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
    task: &Task,
    context: &DurableContext,
) -> Result<Value, StateError> {
    let limits = limits(frame, task)?;
    let resource = Resource::parse(&task.resource).map_err(|reason| {
        StateError::runtime(format!("The resource '{}' {reason}", task.resource))
    })?;
    match resource {
        Resource::InvokeAndWaitForToken
        | Resource::StartExecutionAndWaitForToken
        | Resource::Service { waits: true, .. } => {
            return with_token(walk, frame, &resource, &limits, context).await;
        }
        _ => {}
    }
    let arguments = frame.before(|scope| frame.state.flow.arguments(scope))?;
    match resource {
        Resource::Function(arn) => call(walk, &arn, &arguments, &limits, context).await,
        Resource::Activity(name) => match walk.machine.settings.callable {
            // Nobody can ask for the task of a program that runs alone.
            Some(_) => call(walk, &name, &arguments, &limits, context).await,
            None => activity::run(&name, arguments, &limits, context).await,
        },
        Resource::Invoke | Resource::InvokeAndWaitForToken => {
            invoke(walk, frame, arguments, &limits, context).await
        }
        Resource::Execution | Resource::ExecutionWithJson => {
            let is_json = resource == Resource::ExecutionWithJson;
            nested::run(walk, frame, &arguments, is_json, &limits, context).await
        }
        Resource::StartExecution | Resource::StartExecutionAndWaitForToken => {
            nested::start(walk, frame, &arguments, CALL, &limits, context).await
        }
        Resource::Service { integration, .. } => {
            let parameters = integration.parameters(arguments, frame);
            service(walk, frame, integration, parameters, CALL, &limits, context).await
        }
    }
}

/// The failure of a call that the integration with Lambda makes: what the service refuses has its name before it.
fn of_service(error: StateError) -> StateError {
    match error.error.as_str() {
        "ResourceNotFoundException" => {
            StateError::new("Lambda.ResourceNotFoundException", error.cause)
        }
        _ => error,
    }
}

/// Has a service called, once for each attempt: the state says what is tried again. If the process dies before the answer
/// is recorded, it is called again, with the same token where the service has a place for one.
pub(crate) async fn service(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
    integration: Integration,
    parameters: Value,
    step: &str,
    limits: &Limits,
    context: &DurableContext,
) -> Result<Value, StateError> {
    let Some(services) = walk.machine.settings.services.clone() else {
        return Err(StateError::runtime(format!(
            "The operation '{}' cannot be called here",
            integration.operation.name
        )));
    };
    let request = ServiceRequest {
        service: integration.service,
        operation: integration.operation,
        parameters,
        token: token(&frame.name()),
        style: integration.style(),
        within: limits.timeout,
    };
    let call = move |_: StepContext| {
        let (services, request) = (Arc::clone(&services), request.clone());
        async move {
            let answer = services.call(request).await;
            let answer = answered(integration, answer)?;
            if !fits(&answer) {
                // It could not be recorded.
                return Err(named(StateError::too_large(integration.service.name)).into());
            }
            Ok::<_, lambdura::BoxError>(answer)
        }
    };
    let called = context
        .step(call)
        .name(step)
        .retry(RetryStrategy::none())
        .await;
    called.map_err(|error| error.into_state_error())
}

fn answered(
    integration: Integration,
    answer: Result<ServiceResult, ServiceError>,
) -> Result<Value, NamedError> {
    let named = |(name, cause): (String, String)| NamedError::new(name, cause);
    match answer {
        Ok(ServiceResult {
            result,
            status,
            headers,
        }) => integration.output(result, status, &headers).map_err(named),
        Err(ServiceError::Refused {
            refusal,
            status,
            request_id,
        }) => Err(named(integration.failure(
            &refusal,
            status,
            request_id.as_deref(),
        ))),
        Err(ServiceError::Unanswered(cause)) => {
            Err(NamedError::new(integration.client_failure(), cause))
        }
        Err(ServiceError::Named(error)) => Err(error),
    }
}

fn limits(frame: &Frame<'_>, task: &Task) -> Result<Limits, StateError> {
    let seconds = |template: &Option<asl::Template>, field: &'static str| {
        let Some(template) = template else {
            return Ok(None);
        };
        let seconds = frame.before(|scope| {
            let effective = frame.state.flow.effective_input(scope)?;
            template.whole(&scope.with_input(&effective), field)
        })?;
        if seconds == 0 {
            return Err(StateError::runtime(format!(
                "The field '{field}' is 0, and has to be at least 1"
            )));
        }
        Ok(Some(Duration::from_secs(seconds)))
    };
    Ok(Limits {
        timeout: seconds(&task.timeout_seconds, "TimeoutSeconds")?,
        heartbeat: seconds(&task.heartbeat_seconds, "HeartbeatSeconds")?,
    })
}

/// What `lambda:invoke` is told.
struct Invocation {
    /// With its qualifier.
    function: String,
    payload: Value,
    /// Whether its end is waited for.
    is_awaited: bool,
}

fn invocation(arguments: &Value) -> Result<Invocation, StateError> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str);
    let Some(function) = text("FunctionName").filter(|it| !it.is_empty()) else {
        return Err(StateError::runtime(
            "The field 'FunctionName' is missing, or no text",
        ));
    };
    let is_awaited = match text("InvocationType") {
        None | Some("RequestResponse") => true,
        Some("Event") => false,
        Some(other) => {
            let cause = format!(
                "The InvocationType '{other}' is not supported here: RequestResponse and Event are"
            );
            return Err(StateError::runtime(cause));
        }
    };
    let payload = arguments.get("Payload").filter(|it| !it.is_null());
    Ok(Invocation {
        function: match text("Qualifier") {
            Some(qualifier) if qualifier_of(function).is_none() => {
                format!("{function}:{qualifier}")
            }
            _ => function.to_owned(),
        },
        payload: payload.cloned().unwrap_or_else(|| json!({})),
        is_awaited,
    })
}

/// The version or alias in a function's name or ARN.
fn qualifier_of(function: &str) -> Option<&str> {
    let parts: Vec<&str> = function.split(':').collect();
    match parts.as_slice() {
        ["arn", _, _, _, _, _, _, qualifier] | [_, qualifier] => Some(qualifier),
        _ => None,
    }
}

/// What `lambda:invoke` gives of what a function returned. Which version an alias led to is not known.
#[must_use]
pub fn invoked(function: &str, payload: Value) -> Value {
    let is_version = |it: &&str| it.bytes().all(|byte| byte.is_ascii_digit());
    let version = qualifier_of(function)
        .filter(is_version)
        .unwrap_or("$LATEST");
    let headers = [
        ("content-type", "application/json"),
        ("x-amz-executed-version", version),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut result = json!({ "ExecutedVersion": version, "Payload": payload, "StatusCode": 200 });
    with_metadata(&mut result, 200, &headers);
    result
}

/// Invokes a function by the integration with Lambda.
async fn invoke(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
    arguments: Value,
    limits: &Limits,
    context: &DurableContext,
) -> Result<Value, StateError> {
    let Invocation {
        function,
        payload,
        is_awaited,
    } = invocation(&arguments)?;
    if !is_awaited && walk.machine.settings.callable.is_none() {
        let Some(integration) = Integration::invoke() else {
            return Err(StateError::runtime("There is no operation Invoke"));
        };
        return service(walk, frame, integration, arguments, CALL, limits, context).await;
    }
    let called = call(walk, &function, &payload, limits, context).await;
    let payload = called.map_err(of_service)?;
    if is_awaited {
        return Ok(invoked(&function, payload));
    }
    // A program that runs alone has nobody who would go on with it.
    Ok(json!({ "Payload": "", "StatusCode": 202 }))
}

/// Reads what a function returned: that it is too large comes before that it is no JSON.
struct Output;

impl SerDes<Value> for Output {
    fn serialize(&self, value: &Value, _: SerDesContext<'_>) -> Result<String, BoxError> {
        Ok(value.to_string())
    }

    fn deserialize(&self, text: &str, _: SerDesContext<'_>) -> Result<Value, BoxError> {
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(text).map_err(|error| match fits_as_text(text) {
            true => error.into(),
            false => TEXT_TOO_LARGE.into(),
        })
    }
}

/// Calls a function, and fails with `States.Timeout` if it takes too long: its result is not used then.
pub(crate) async fn call(
    walk: &Walk<'_>,
    function: &str,
    payload: &Value,
    limits: &Limits,
    context: &DurableContext,
) -> Result<Value, StateError> {
    let function = callable(walk, function)?;
    let invoke = context
        .invoke::<_, Value>(&function, payload)
        .name(short(&function))
        .result_serdes(Output);
    // A function sends no heartbeats: silence for that long is the same as taking that long.
    let timeout = match (limits.timeout, limits.heartbeat) {
        (Some(timeout), Some(heartbeat)) => Some(timeout.min(heartbeat)),
        (timeout, heartbeat) => timeout.or(heartbeat),
    };
    let Some(timeout) = timeout else {
        return invoke.await.map_err(|error| error.into_state_error());
    };
    let is_heartbeat = limits.timeout.is_none_or(|it| it > timeout);
    let race = context.race([
        invoke.future().map(Raced::Answered),
        context
            .wait(timeout)
            .name(if is_heartbeat { HEARTBEAT } else { TIMEOUT })
            .future()
            .map(|()| Raced::TimedOut),
    ]);
    match race.name("call or timeout").await {
        Ok(Raced::Answered(value)) => Ok(value),
        Ok(Raced::TimedOut) if is_heartbeat => Err(StateError::new(asl::HEARTBEAT_TIMEOUT, "")),
        Ok(Raced::TimedOut) => Err(StateError::new(asl::TIMEOUT, "")),
        Err(error) => Err(error.into_state_error()),
    }
}

/// The name by which the function is known here.
fn callable(walk: &Walk<'_>, function: &str) -> Result<String, StateError> {
    let Some(known) = &walk.machine.settings.callable else {
        return Ok(function.to_owned());
    };
    let name = bare_name(function);
    if known.contains(name) {
        return Ok(name.to_owned());
    }
    let cause = format!("Function not found: {function}");
    Err(StateError::new("Lambda.ResourceNotFoundException", cause))
}

/// The name in an ARN, or in a name with a qualifier.
pub(crate) fn bare_name(function: &str) -> &str {
    let parts: Vec<&str> = function.split(':').collect();
    match parts.as_slice() {
        ["arn", _, _, _, _, _, name, ..] => name,
        [name, ..] => name,
        [] => function,
    }
}

/// An operation's name for a function, which may be as long as an ARN.
fn short(function: &str) -> String {
    crate::walk::operation_name(bare_name(function))
}

/// Opens a task token, passes it on, and waits until it is completed.
async fn with_token(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
    resource: &Resource,
    limits: &Limits,
    context: &DurableContext,
) -> Result<Value, StateError> {
    let mut callback = context.create_callback::<Value>().name(activity::TOKEN);
    if let Some(timeout) = limits.timeout {
        callback = callback.timeout(timeout);
    }
    if let Some(heartbeat) = limits.heartbeat {
        callback = callback.heartbeat_timeout(heartbeat);
    }
    let callback: Callback<Value> = callback.await.map_err(|error| error.into_state_error())?;
    let mut with_token = frame.context.clone();
    with_token["Task"] = json!({ "Token": callback.id().as_str() });
    let with_token = Frame {
        context: with_token,
        ..*frame
    };
    let arguments = with_token.before(|scope| frame.state.flow.arguments(scope))?;
    match resource {
        Resource::Service { integration, .. } => {
            let parameters = integration.parameters(arguments, frame);
            service(walk, frame, *integration, parameters, CALL, limits, context).await?;
        }
        Resource::StartExecutionAndWaitForToken => {
            nested::start(walk, frame, &arguments, CALL, limits, context).await?;
        }
        _ => {
            invoke(walk, frame, arguments, limits, context).await?;
        }
    }
    let result = callback
        .raw()
        .await
        .map_err(|error| error.into_state_error())?;
    serde_json::from_str(&result).map_err(|error| {
        StateError::runtime(format!("The output of the task is not JSON: {error}"))
    })
}

/// The token of an attempt's request, by the attempt's name. Athena wants at least 32 letters, DynamoDB at most 36.
fn token(name: &str) -> String {
    format!("ld-{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_the_length_that_services_take() {
        for attempt in ["0", "9999"] {
            let token = token(&format!("beb195a90277bde4-1a22c245cba-{attempt}"));
            assert!((32..=36).contains(&token.len()), "{token}");
        }
    }
}
