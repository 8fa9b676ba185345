//! Executions of other state machines: started, and awaited until their ends.
//!
//! An awaited execution is polled: at once, and then after pauses that grow with the elapsed time. A chained invoke
//! would be notified, but it does not know names, versions and aliases of state machines.

use std::sync::Arc;
use std::time::Duration;

use asl::StateError;
use jiff::Timestamp;
use lambdura::{BoxError, DurableContext, NamedError, RetryStrategy, StepContext};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::{call, service};
use crate::failure::IntoStateError as _;
use crate::frame::Frame;
use crate::integration::Integration;
use crate::limits::Limits;
use crate::services::{ServiceError, ServiceRequest, Services};
use crate::wait::wait;
use crate::walk::Walk;

/// The error of `StartExecution` for a name that was used.
const STARTED_BEFORE: &str = "StepFunctions.ExecutionAlreadyExists";

/// The step that starts an execution and waits for its end.
pub const CALL_AND_WAIT: &str = "call and wait";
/// The step that polls for its end.
pub const WATCH: &str = "watch";
/// The step that stops it after a timeout.
pub const STOP: &str = "stop";

/// The pauses within one step, each twice the one before: two and a half seconds altogether.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const PAUSES: u32 = 7;
/// The next step waits for this share of the elapsed time: an execution of a year is polled by 350 steps.
const SHARE: u64 = 20;

/// The result of a poll: the result of the step `watch`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Watched {
    at_millis: i64,
    /// The execution, once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Value>,
}

/// Starts another state machine, without waiting for its end.
pub(crate) async fn start(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
    arguments: &Value,
    step: &str,
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
    // A name of its own: a repeated call starts the same execution.
    let name = given.map_or_else(|| frame.name(), str::to_owned);
    let Some(integration) = Integration::start_execution() else {
        return Err(StateError::runtime("There is no operation StartExecution"));
    };
    let parameters = json!({ "StateMachineArn": machine, "Input": input, "Name": name });
    let started = service(walk, frame, integration, parameters, step, limits, context).await;
    match started {
        // It was started before, and has ended meanwhile.
        Err(error) if given.is_none() && error.error.starts_with(STARTED_BEFORE) => {
            Ok(json!({ "ExecutionArn": execution_arn(machine, &name) }))
        }
        started => started,
    }
}

/// The ARN of an execution of a machine, whose ARN may end in a version or an alias.
fn execution_arn(machine: &str, name: &str) -> String {
    let parts: Vec<&str> = machine.splitn(8, ':').take(7).collect();
    let arn = parts.join(":").replace(":stateMachine:", ":execution:");
    format!("{arn}:{name}")
}

/// Runs another state machine until it ends.
pub(crate) async fn run(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
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
    if walk.machine.settings.callable.is_none() {
        return watched(walk, frame, arguments, is_json, limits, context).await;
    }
    // In a program that runs alone, the machine is a function.
    let nothing = json!({});
    let input = arguments.get("Input").unwrap_or(&nothing);
    // A text is parsed as JSON, as in the API.
    let input = match input {
        Value::String(text) => serde_json::from_str(text).map_err(|error| {
            StateError::runtime(format!("The field 'Input' is not JSON: {error}"))
        })?,
        other => other.clone(),
    };
    match call(walk, arn, &input, limits, context).await {
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

/// Starts an execution, and waits for its end.
async fn watched(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
    arguments: &Value,
    is_json: bool,
    limits: &Limits,
    context: &DurableContext,
) -> Result<Value, StateError> {
    let at_once = Limits {
        timeout: None,
        heartbeat: None,
    };
    let started = start(walk, frame, arguments, CALL_AND_WAIT, &at_once, context).await?;
    let arn = started["ExecutionArn"].as_str().unwrap_or_default();
    let mut began = None;
    loop {
        let seen = watch(walk, frame, arn, context).await?;
        if let Some(ended) = seen.ended {
            return outcome(ended, is_json);
        }
        let began = *began.get_or_insert(seen.at_millis);
        let taken = u64::try_from(seen.at_millis - began).unwrap_or(0) / 1_000;
        let mut pause = (taken / SHARE).max(1);
        if let Some(timeout) = limits.timeout {
            let left = timeout.as_secs().saturating_sub(taken);
            if left == 0 {
                // Errors are ignored: it may have ended by now.
                let stopped = operate(walk, frame, "StopExecution", arn, STOP, context).await;
                drop(stopped);
                return Err(StateError::new(asl::TIMEOUT, ""));
            }
            pause = pause.min(left);
        }
        wait(context, pause, WATCH).await?;
    }
}

/// The state's result for an execution that has ended.
///
/// # Errors
///
/// `States.TaskFailed`, with the execution as the cause.
pub fn outcome(ended: Value, is_json: bool) -> Result<Value, StateError> {
    if ended["Status"] != "SUCCEEDED" {
        return Err(StateError::new(asl::TASK_FAILED, ended.to_string()));
    }
    let mut ended = ended;
    for name in ["Input", "Output"] {
        let value = ended[name].as_str().filter(|_| is_json);
        if let Some(Ok(value)) = value.map(serde_json::from_str::<Value>) {
            ended[name] = value;
        }
    }
    Ok(ended)
}

/// Polls for the end of an execution, for a while.
async fn watch(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
    arn: &str,
    context: &DurableContext,
) -> Result<Watched, StateError> {
    let (services, request) = request(walk, frame, "DescribeExecution", arn)?;
    let step = context.step(move |step: StepContext| {
        let (services, request) = (Arc::clone(&services), request.clone());
        async move {
            let at_millis = Timestamp::try_from(step.now())?.as_millisecond();
            let mut ended = None;
            for number in 0..=PAUSES {
                let shown = answer(&*services, request.clone()).await?;
                ended = Some(shown).filter(|it| it["Status"] != "RUNNING");
                if ended.is_some() || number == PAUSES {
                    break;
                }
                services.pause(FIRST_PAUSE * 2_u32.pow(number)).await;
            }
            Ok::<_, BoxError>(Watched { at_millis, ended })
        }
    });
    let seen: Result<Watched, _> = step.name(WATCH).retry(RetryStrategy::none()).await;
    seen.map_err(|error| error.into_state_error())
}

/// Calls one operation on an execution.
async fn operate(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
    operation: &str,
    arn: &str,
    name: &str,
    context: &DurableContext,
) -> Result<Value, StateError> {
    let (services, request) = request(walk, frame, operation, arn)?;
    let step = context.step(move |_: StepContext| {
        let (services, request) = (Arc::clone(&services), request.clone());
        async move { Ok::<_, BoxError>(answer(&*services, request).await?) }
    });
    let done: Result<Value, _> = step.name(name).retry(RetryStrategy::none()).await;
    done.map_err(|error| error.into_state_error())
}

fn request(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
    operation: &str,
    arn: &str,
) -> Result<(Arc<dyn Services>, ServiceRequest), StateError> {
    let missing = || StateError::runtime(format!("The operation '{operation}' cannot be called"));
    let integration = Integration::start_execution().ok_or_else(missing)?;
    let services = walk.machine.settings.services.clone();
    let request = ServiceRequest {
        service: integration.service,
        operation: integration
            .service
            .operation(operation)
            .ok_or_else(missing)?,
        parameters: json!({ "ExecutionArn": arn }),
        token: frame.name(),
        style: integration.style(),
        within: None,
    };
    Ok((services.ok_or_else(missing)?, request))
}

async fn answer(services: &dyn Services, request: ServiceRequest) -> Result<Value, NamedError> {
    match services.call(request).await {
        Ok(answer) => Ok(answer.result),
        Err(ServiceError::Refused {
            refusal,
            status,
            request_id,
        }) => {
            let id = request_id.as_deref();
            let failed = Integration::start_execution().map(|it| it.failure(&refusal, status, id));
            let (name, cause) = failed.unwrap_or_default();
            Err(NamedError::new(name, cause))
        }
        Err(ServiceError::Unanswered(cause)) => {
            Err(NamedError::new("StepFunctions.SdkClientException", cause))
        }
        Err(ServiceError::Named(error)) => Err(error),
    }
}
