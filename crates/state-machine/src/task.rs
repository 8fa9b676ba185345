//! Work that a Task has done.

use std::sync::Arc;
use std::time::Duration;

use asl::{StateError, Task};
use lambdura::{
    BoxError, Callback, DurableContext, RetryStrategy, SerDes, SerDesContext, StepContext,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::activity;
use crate::failure::{IntoStateError as _, TEXT_TOO_LARGE, named};
use crate::frame::Frame;
use crate::resource::{Resource, task_name};
use crate::services::{Service, ServiceRequest};
use crate::size::{fits, fits_as_text};
use crate::walk::Walk;

/// What `StartExecution` is refused with for a name that was used.
const STARTED_BEFORE: &str = "StepFunctions.ExecutionAlreadyExists";

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
    let Some(resource) = Resource::parse(&task.resource) else {
        return Err(StateError::runtime(format!(
            "The resource '{}' is not supported",
            task.resource
        )));
    };
    if resource == Resource::InvokeAndWaitForToken {
        return with_token(walk, frame, &limits, context).await;
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
            let (function, payload) = invocation(&arguments)?;
            let payload = call(walk, function, payload, &limits, context).await;
            let payload = payload.map_err(of_service)?;
            Ok(json!({ "ExecutedVersion": "$LATEST", "Payload": payload, "StatusCode": 200 }))
        }
        Resource::Execution | Resource::ExecutionWithJson => {
            let is_json = resource == Resource::ExecutionWithJson;
            execution(walk, &arguments, is_json, &limits, context).await
        }
        Resource::StartExecution => start(walk, frame, &arguments, &limits, context).await,
        Resource::DynamoDb { operation, prefix } => {
            let request = ServiceRequest {
                service: Service::DynamoDb,
                operation,
                body: arguments,
                within: limits.timeout,
            };
            service(walk, request, prefix, context).await
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
/// is recorded, it is called again.
async fn service(
    walk: &Walk<'_>,
    request: ServiceRequest,
    prefix: &str,
    context: &DurableContext,
) -> Result<Value, StateError> {
    let Some(services) = walk.machine.settings.services.clone() else {
        return Err(StateError::runtime(format!(
            "The operation '{}' cannot be called here",
            request.operation
        )));
    };
    let service = match request.service {
        Service::DynamoDb => "dynamodb",
        Service::StepFunctions => "states",
    };
    let call = move |_: StepContext| {
        let (services, request) = (Arc::clone(&services), request.clone());
        async move {
            let answer = services.call(request).await?;
            if !fits(&answer) {
                // It could not be recorded.
                return Err(named(StateError::too_large(service)).into());
            }
            Ok::<_, lambdura::BoxError>(answer)
        }
    };
    let called = context.step(call).name("call").retry(RetryStrategy::none());
    let called: Result<Value, _> = called.await;
    called.map_err(|error| {
        let error = error.into_state_error();
        match error.error.as_str() {
            name if name.starts_with("States.") => error,
            // As AWS's integrations say it.
            "ValidationException" if prefix == "DynamoDB" => {
                StateError::new("DynamoDB.AmazonDynamoDBException", error.cause)
            }
            name if prefix == "StepFunctions" && !name.ends_with("Exception") => {
                StateError::new(format!("{prefix}.{name}Exception"), error.cause)
            }
            name => StateError::new(format!("{prefix}.{name}"), error.cause),
        }
    })
}

/// Starts another state machine, and does not wait for its end.
async fn start(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
    arguments: &Value,
    limits: &Limits,
    context: &DurableContext,
) -> Result<Value, StateError> {
    let machine = arguments.get("StateMachineArn").and_then(Value::as_str);
    let Some(machine) = machine.filter(|it| !it.is_empty()) else {
        return Err(StateError::runtime(
            "The field 'StateMachineArn' is missing, or no text",
        ));
    };
    let input = match arguments.get("Input") {
        None => String::from("{}"),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let given = arguments.get("Name").and_then(Value::as_str);
    // A name of its own: the same execution is started if this is done twice.
    let name = given.map_or_else(|| frame.name(), str::to_owned);
    let request = ServiceRequest {
        service: Service::StepFunctions,
        operation: String::from("StartExecution"),
        body: json!({ "stateMachineArn": machine, "input": input, "name": name }),
        within: limits.timeout,
    };
    let started = service(walk, request, "StepFunctions", context).await;
    let answer = match started {
        // It was started before, and has ended meanwhile.
        Err(error) if given.is_none() && error.error.starts_with(STARTED_BEFORE) => {
            let arn = machine.replace(":stateMachine:", ":execution:");
            json!({ "executionArn": format!("{arn}:{name}") })
        }
        started => started?,
    };
    let mut result = json!({ "ExecutionArn": answer["executionArn"] });
    if let Some(at) = answer.get("startDate") {
        result["StartDate"] = at.clone();
    }
    Ok(result)
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

/// The function and the payload of `lambda:invoke`.
fn invocation(arguments: &Value) -> Result<(&str, &Value), StateError> {
    const NONE: &Value = &Value::Null;
    let function = arguments.get("FunctionName").and_then(Value::as_str);
    let Some(function) = function.filter(|it| !it.is_empty()) else {
        return Err(StateError::runtime(
            "The field 'FunctionName' is missing, or no text",
        ));
    };
    match arguments.get("InvocationType").and_then(Value::as_str) {
        None | Some("RequestResponse") => {}
        Some(other) => {
            let cause =
                format!("The InvocationType '{other}' is not supported here: RequestResponse is");
            return Err(StateError::runtime(cause));
        }
    }
    Ok((function, arguments.get("Payload").unwrap_or(NONE)))
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
async fn call(
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

/// Opens a task token, passes it to a function, and waits until it is completed.
async fn with_token(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
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
    let (function, payload) = invocation(&arguments)?;
    call(walk, function, payload, limits, context).await?;
    let result = callback
        .raw()
        .await
        .map_err(|error| error.into_state_error())?;
    serde_json::from_str(&result).map_err(|error| {
        StateError::runtime(format!("The output of the task is not JSON: {error}"))
    })
}

/// Runs another state machine to its end.
async fn execution(
    walk: &Walk<'_>,
    arguments: &Value,
    is_json: bool,
    limits: &Limits,
    context: &DurableContext,
) -> Result<Value, StateError> {
    let arn = arguments.get("StateMachineArn").and_then(Value::as_str);
    let Some(arn) = arn.filter(|it| !it.is_empty()) else {
        return Err(StateError::runtime(
            "The field 'StateMachineArn' is missing, or no text",
        ));
    };
    let nothing = json!({});
    let input = arguments.get("Input").unwrap_or(&nothing);
    // Text is taken for JSON, as the API does.
    let input = match input {
        Value::String(text) => serde_json::from_str(text).map_err(|error| {
            StateError::runtime(format!("The field 'Input' is not JSON: {error}"))
        })?,
        other => other.clone(),
    };
    // A state machine is a durable function of its name, which needs a qualifier.
    let function = match &walk.machine.settings.callable {
        None => {
            let qualifier = &walk.machine.settings.machine_qualifier;
            format!("{}:{qualifier}", bare_name(arn))
        }
        Some(_) => arn.to_owned(),
    };
    match call(walk, &function, &input, limits, context).await {
        Ok(output) => {
            let output = if is_json {
                output
            } else {
                Value::from(output.to_string())
            };
            Ok(
                json!({ "StateMachineArn": arn, "Status": "SUCCEEDED", "Input": input, "Output": output }),
            )
        }
        Err(error) if error.error.starts_with("States.Timeout") => Err(error),
        Err(error) => {
            let cause = json!({
                "StateMachineArn": arn, "Status": "FAILED", "Error": error.error, "Cause": error.cause,
            });
            Err(StateError::new(asl::TASK_FAILED, cause.to_string()))
        }
    }
}
