//! The Step Functions API for state machines, which are durable functions here.
//!
//! Operations on executions become one or two of the Lambda API's operations, in this process, so that rules, limits
//! and errors are those of durable executions; this module translates the names. Machines come from templates, or over
//! this API ([`change`]): then they are in the store's catalogue, as every function is.
//!
//! Source of names: the service model of `stepfunctions` in botocore, and the Step Functions API reference, read
//! 2026-11-29.

mod activity;
mod activity_task;
mod alias;
mod change;
mod error;
mod execution;
mod execution_list;
mod execution_read;
mod execution_start;
mod foreign;
mod history;
mod included_data;
mod lambda;
pub(crate) mod log;
mod machine;
mod map_run;
mod name;
pub(crate) mod nested;
mod page;
mod redrive;
mod redrive_names;
mod tags;
mod test_state;
mod token;
mod validate;
mod version;

pub use name::durable_name;
pub(crate) use redrive_names::redriven;
pub use redrive_names::{durable_name_of as redrive_name, is_name as is_redrive_name};

use std::sync::Arc;

use bytes::Bytes;
use hyper::{HeaderMap, Request, Response, StatusCode};
use serde_json::Value;

use crate::access::Caller;
use crate::app::App;
use crate::http::{Body, RequestBody, read_body};
use error::StatesError;

/// The prefix in the header of a request.
const TARGET: &str = "AWSStepFunctions.";
/// Largest request: a definition or an input, with room for the rest.
const BYTES_MAX: usize = 2 * 1024 * 1024;

/// Whether this server answers a request to Step Functions: it does if it has a state machine, or if such requests are
/// not handed on.
pub(crate) fn serve(app: &App, headers: &HeaderMap) -> bool {
    operation(headers).is_some()
        && (!app.other_services.are_handed_on() || !machine::all(app).is_empty())
}

fn operation(headers: &HeaderMap) -> Option<&str> {
    let target = headers.get("x-amz-target")?.to_str().ok()?;
    target.strip_prefix(TARGET)
}

/// Answers a request.
pub(crate) async fn handle(app: &Arc<App>, request: Request<RequestBody>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let operation = operation(&parts.headers).unwrap_or_default();
    let answered = async {
        let bytes = read_body(body, BYTES_MAX).await.map_err(|_| {
            StatesError::validation("The request is too large, or was not sent to its end.")
        })?;
        let input: Value = serde_json::from_slice(&bytes).map_err(|error| {
            StatesError::new(
                "SerializationException",
                format!("The request is not JSON: {error}"),
            )
        })?;
        dispatch(app, operation, &input, parts.extensions.get()).await
    };
    let (status, answer) = match answered.await {
        Ok(answer) => (StatusCode::OK, answer),
        Err(error) => (error.status(), error.body()),
    };
    Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amzn-requestid", app.new_request_id().to_string())
        .body(Body::from(Bytes::from(answer.to_string())))
        .expect("the parts are all valid")
}

/// Answers an operation for another part of the server: returns the status, and the answer or the error.
pub(crate) async fn call(app: &Arc<App>, operation: &str, input: &Value) -> (StatusCode, Value) {
    match dispatch(app, operation, input, None).await {
        Ok(answer) => (StatusCode::OK, answer),
        Err(error) => (error.status(), error.body()),
    }
}

/// `caller` is the sender of the request, where that matters. A missing resource is looked for once more, because
/// another server may have made it a moment ago.
async fn dispatch(
    app: &Arc<App>,
    operation: &str,
    input: &Value,
    caller: Option<&Caller>,
) -> Result<Value, StatesError> {
    match dispatch_once(app, operation, input, caller).await {
        Err(error) if error.is_missing() && app.registry.look_again().await => {
            dispatch_once(app, operation, input, caller).await
        }
        answer => answer,
    }
}

async fn dispatch_once(
    app: &Arc<App>,
    operation: &str,
    input: &Value,
    caller: Option<&Caller>,
) -> Result<Value, StatesError> {
    foreign::check(&app.registry.home, input)?;
    match operation {
        "ListStateMachines" => machine::list(app, input),
        "DescribeStateMachine" => machine::describe(app, input),
        "DescribeStateMachineForExecution" => execution::machine(app, input).await,
        "ValidateStateMachineDefinition" => validate::validate(input),
        "RedriveExecution" => redrive::redrive(app, input).await,
        "TestState" => test_state::test(app, input, caller).await,
        "CreateStateMachine" => change::create(app, input).await,
        "UpdateStateMachine" => change::update(app, input).await,
        "DeleteStateMachine" => change::delete(app, input).await,
        "PublishStateMachineVersion" => version::publish(app, input).await,
        "ListStateMachineVersions" => version::list(app, input),
        "DeleteStateMachineVersion" => version::delete(app, input).await,
        "CreateStateMachineAlias" => alias::create(app, input).await,
        "UpdateStateMachineAlias" => alias::update(app, input).await,
        "DescribeStateMachineAlias" => alias::describe(app, input),
        "ListStateMachineAliases" => alias::list(app, input),
        "DeleteStateMachineAlias" => alias::delete(app, input).await,
        "CreateActivity" => activity::create(app, input).await,
        "DeleteActivity" => activity::delete(app, input).await,
        "DescribeActivity" => activity::describe(app, input),
        "ListActivities" => activity::list(app, input),
        "GetActivityTask" => activity_task::get(app, input).await,
        "TagResource" => tags::tag(app, input).await,
        "UntagResource" => tags::untag(app, input).await,
        "ListTagsForResource" => tags::list(app, input),
        "StartExecution" => execution_start::start(app, input).await,
        "StartSyncExecution" => execution_start::start_sync(app, input).await,
        "DescribeExecution" => execution::describe(app, input).await,
        "ListExecutions" => execution_list::list(app, input).await,
        "ListMapRuns" => map_run::list(app, input).await,
        "DescribeMapRun" => map_run::describe(app, input).await,
        "UpdateMapRun" => map_run::update(app, input).await,
        "StopExecution" => execution::stop(app, input).await,
        "GetExecutionHistory" => execution::history(app, input).await,
        "SendTaskSuccess" => token::success(app, input).await,
        "SendTaskFailure" => token::failure(app, input).await,
        "SendTaskHeartbeat" => token::heartbeat(app, input).await,
        other => Err(StatesError::new(
            "UnknownOperationException",
            format!("{other} is not served here; docs/state-machines.md lists what is."),
        )),
    }
}
