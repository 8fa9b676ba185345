//! Task states.

use asl::{StateError, Task};
use lambdura::{Callback, DurableContext};
use serde_json::{Value, json};

use crate::activity;
use crate::call::{CALL, call, service};
use crate::failure::IntoStateError as _;
use crate::frame::Frame;
use crate::integration::{Integration, with_metadata};
use crate::limits::Limits;
use crate::nested;
use crate::resource::{Resource, task_name};
use crate::size::fits;
use crate::walk::Walk;

/// Runs a Task, and returns its result.
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
    let limits = Limits::of(frame, task)?;
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
            // In a program that runs alone no worker can ask for the task, so it is a function call.
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
            let parameters = integration.parameters(arguments, &frame.context);
            service(walk, frame, integration, parameters, CALL, &limits, context).await
        }
    }
}

/// The failure of a call by the integration with Lambda: errors of the service get its name as prefix.
fn of_service(error: StateError) -> StateError {
    match error.error.as_str() {
        "ResourceNotFoundException" => {
            StateError::new("Lambda.ResourceNotFoundException", error.cause)
        }
        _ => error,
    }
}

/// The parameters of `lambda:invoke`.
struct Invocation {
    /// With its qualifier.
    function: String,
    payload: Value,
    /// Whether the state waits for its end.
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

/// The result of `lambda:invoke` for a function's result. The version behind an alias is unknown.
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
    // In a program that runs alone nothing else would run the function, so the call has waited for it.
    Ok(json!({ "Payload": "", "StatusCode": 202 }))
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
            let parameters = integration.parameters(arguments, &frame.context);
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
