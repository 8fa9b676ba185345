//! The Step Functions API for the state machines of a template, which are durable functions here.
//!
//! Each operation becomes one or two of the Lambda API's, in this process, so that rules, limits and errors are those of
//! durable executions; what is here is the other spelling. Machines come from templates: the operations that create,
//! change or delete them are refused, and say so.
//!
//! Source of names: the service model of `stepfunctions` in botocore, and the Step Functions API reference, read
//! 2026-11-29.

mod error;
mod execution;
mod history;
mod lambda;
mod machine;
mod name;
mod token;

use std::sync::Arc;

use bytes::Bytes;
use hyper::{HeaderMap, Request, Response, StatusCode};
use serde_json::Value;

use crate::app::App;
use crate::http::{Body, RequestBody, read_body};
use error::StatesError;
pub use machine::{STATE_MACHINE_DEFINITION, STATE_MACHINE_PROGRAM};

/// What the header of a request begins with.
const TARGET: &str = "AWSStepFunctions.";
/// Largest request: a definition or an input, with room for the rest.
const BYTES_MAX: usize = 2 * 1024 * 1024;

/// Whether a request is one to Step Functions that is answered here: if there is a state machine.
pub(crate) fn serve(app: &App, headers: &HeaderMap) -> bool {
    operation(headers).is_some() && !machine::all(app).is_empty()
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
                format!("The request is no JSON: {error}"),
            )
        })?;
        dispatch(app, operation, &input).await
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

async fn dispatch(app: &Arc<App>, operation: &str, input: &Value) -> Result<Value, StatesError> {
    match operation {
        "ListStateMachines" => machine::list(app, input),
        "DescribeStateMachine" => machine::describe(app, input),
        "DescribeStateMachineForExecution" => execution::machine(app, input).await,
        "ListTagsForResource" => Ok(serde_json::json!({ "tags": [] })),
        "StartExecution" => execution::start(app, input).await,
        "StartSyncExecution" => execution::start_sync(app, input).await,
        "DescribeExecution" => execution::describe(app, input).await,
        "ListExecutions" => execution::list(app, input).await,
        "StopExecution" => execution::stop(app, input).await,
        "GetExecutionHistory" => execution::history(app, input).await,
        "SendTaskSuccess" => token::success(app, input).await,
        "SendTaskFailure" => token::failure(app, input).await,
        "SendTaskHeartbeat" => token::heartbeat(app, input).await,
        other => Err(StatesError::new(
            "UnknownOperationException",
            format!(
                "{other} is not served here: state machines are those of the template, and change with it; \
                 `lambdura asl validate` checks a definition, `lambdura asl run` runs it."
            ),
        )),
    }
}
