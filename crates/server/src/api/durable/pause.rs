//! `PauseDurableExecution` and `ResumeDurableExecution`.

use std::sync::Arc;

use bytes::Bytes;
use engine::Input;
use hyper::{Response, StatusCode};
use lambda_api::{PauseDurableExecutionRequest, ResumeDurableExecutionRequest};
use model::ExecutionArn;
use serde::de::DeserializeOwned;
use wire::{ApiError, Violations, client_token};

use super::arn::execution_arn;
use super::execution::head;
use crate::api::request::object;
use crate::app::App;
use crate::http::{Body, RequestBody, read_body};

/// Largest request: a reason of 1,024 characters, escaped, and a token.
const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// Source: botocore, `PauseReason` and `ResumeReason`.
const REASON_CHARS_MAX: usize = 1_024;

pub(in crate::api) async fn pause(
    app: &Arc<App>,
    arn: &str,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let arn = execution_arn(arn)?;
    let request: PauseDurableExecutionRequest = read(body).await?;
    check_reason(request.reason.as_deref())?;
    let input = Input::Pause {
        client_token: request
            .client_token
            .as_deref()
            .map(client_token)
            .transpose()?,
        reason: request.reason,
        execution_timeout_paused: request.execution_timeout_paused.unwrap_or(true),
    };
    process(app, &arn, input).await
}

pub(in crate::api) async fn resume(
    app: &Arc<App>,
    arn: &str,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let arn = execution_arn(arn)?;
    let request: ResumeDurableExecutionRequest = read(body).await?;
    check_reason(request.reason.as_deref())?;
    let input = Input::Resume {
        client_token: request
            .client_token
            .as_deref()
            .map(client_token)
            .transpose()?,
        reason: request.reason,
    };
    process(app, &arn, input).await
}

/// A body that may be empty.
async fn read<T: DeserializeOwned + Default>(body: RequestBody) -> Result<T, ApiError> {
    let bytes = read_body(body, REQUEST_BYTES_MAX).await?;
    match bytes.trim_ascii() {
        b"" | b"null" => Ok(T::default()),
        bytes => object(bytes),
    }
}

fn check_reason(reason: Option<&str>) -> Result<(), ApiError> {
    let mut violations = Violations::default();
    if reason.is_some_and(|reason| reason.chars().count() > REASON_CHARS_MAX) {
        violations.too_long("reason", REASON_CHARS_MAX);
    }
    violations.none()
}

async fn process(
    app: &Arc<App>,
    arn: &ExecutionArn,
    input: Input,
) -> Result<Response<Body>, ApiError> {
    head(app, arn).await?;
    app.driver.process(&arn.id, input).await?;
    let mut response = Response::new(Body::from(Bytes::new()));
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}
