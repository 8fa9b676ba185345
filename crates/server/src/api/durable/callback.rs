//! `SendDurableExecutionCallbackSuccess`, `…Failure`, `…Heartbeat`.

use std::sync::Arc;

use engine::{Input, Rejection, callback_target};
use hyper::Response;
use model::{CallbackId, ExecutionId, OperationId, Payload};
use runtime::ProcessError;
use wire::ApiError;

use super::arn::callback_id;
use super::execution::optional_error;
use crate::app::App;
use crate::http::{Body, BodyError, RequestBody, empty_object, read_body};

/// Largest result of a callback, in bytes: the body is the result itself.
const RESULT_BYTES_MAX: usize = 1024 * 1024;
/// Largest error object, JSON-escaped.
const ERROR_BYTES_MAX: usize = 2 * 1024 * 1024;

pub(in crate::api) async fn succeed(
    app: &Arc<App>,
    id: &str,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let target = Target::find(id)?;
    let bytes = read_body(body, RESULT_BYTES_MAX)
        .await
        .map_err(|error| match error {
            BodyError::TooLarge => too_large(),
            error @ (BodyError::Broken | BodyError::Slow) => error.into(),
        })?;
    let result = if bytes.is_empty() {
        None
    } else {
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| ApiError::invalid_parameter("The callback result must be UTF-8 text."))?;
        Some(Payload::from(text))
    };
    let Target {
        execution_id,
        operation_id,
        callback_id,
    } = target;
    let input = Input::CallbackSucceeded {
        operation_id,
        callback_id,
        result,
    };
    complete(app, &execution_id, input).await
}

pub(in crate::api) async fn fail(
    app: &Arc<App>,
    id: &str,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let Target {
        execution_id,
        operation_id,
        callback_id,
    } = Target::find(id)?;
    let bytes = read_body(body, ERROR_BYTES_MAX).await?;
    let error = optional_error(&bytes)?;
    complete(
        app,
        &execution_id,
        Input::CallbackFailed {
            operation_id,
            callback_id,
            error,
        },
    )
    .await
}

pub(in crate::api) async fn heartbeat(
    app: &Arc<App>,
    id: &str,
) -> Result<Response<Body>, ApiError> {
    let Target {
        execution_id,
        operation_id,
        callback_id,
    } = Target::find(id)?;
    complete(
        app,
        &execution_id,
        Input::CallbackHeartbeat {
            operation_id,
            callback_id,
        },
    )
    .await
}

async fn complete(
    app: &Arc<App>,
    execution_id: &ExecutionId,
    input: Input,
) -> Result<Response<Body>, ApiError> {
    match app.driver.process(execution_id, input).await {
        Ok(_) => Ok(empty_object()),
        // The callbacks of a deleted execution are deleted, too.
        Err(ProcessError::UnknownExecution(_)) => Err(Rejection::CallbackClosed.into()),
        Err(error) => Err(error.into()),
    }
}

/// What a callback id points to.
struct Target {
    execution_id: ExecutionId,
    operation_id: OperationId,
    callback_id: CallbackId,
}

impl Target {
    fn find(segment: &str) -> Result<Self, ApiError> {
        let callback_id = callback_id(segment)?;
        let (execution_id, operation_id) = callback_target(&callback_id)
            .ok_or_else(|| ApiError::invalid_parameter("Invalid callback id"))?;
        Ok(Self {
            execution_id,
            operation_id,
            callback_id,
        })
    }
}

fn too_large() -> ApiError {
    let mut violations = wire::Violations::default();
    violations.too_long("result", RESULT_BYTES_MAX);
    match violations.none() {
        Err(error) => error,
        Ok(()) => unreachable!("one violation was just added"),
    }
}
