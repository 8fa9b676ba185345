//! `/lambdura/v1/set-aside`: executions that cannot be worked on, and trying them again.

use std::sync::Arc;

use driver::TriedAgain;
use hyper::{Response, StatusCode};
use lambda_api::ErrorCode;
use model::{ExecutionArn, ExecutionId};
use serde::Serialize;
use store::SetAside;

use crate::error::ApiError;
use crate::http::{Body, json};
use crate::server::App;

/// The route; one execution's trials are below it: `/lambdura/v1/set-aside/{id}/try-again`.
pub(crate) const ROUTE: &str = "/lambdura/v1/set-aside";

#[derive(Serialize)]
struct List {
    executions: Vec<Shown>,
}

/// An execution that is set aside. What its records say about it may not be readable.
#[derive(Serialize)]
struct Shown {
    execution_id: String,
    /// Epoch milliseconds.
    set_aside_at: i64,
    attempted: String,
    reason: String,
    durable_execution_arn: Option<String>,
}

async fn shown(app: &App, record: SetAside) -> Shown {
    // An execution whose state cannot be read may have no readable name either.
    let summary = app.driver.store().summary(&record.execution_id).await;
    let arn = summary.ok().flatten().map(|it| it.spec.arn.to_string());
    Shown {
        execution_id: record.execution_id.to_string(),
        set_aside_at: record.set_aside_at.as_millis(),
        attempted: record.attempted,
        reason: record.reason,
        durable_execution_arn: arn,
    }
}

/// `GET`: all of them.
pub(crate) async fn list(app: &App) -> Response<Body> {
    let mut executions = Vec::new();
    for record in app.driver.executions_set_aside() {
        executions.push(shown(app, record).await);
    }
    json(StatusCode::OK, &List { executions })
}

/// The execution that a `POST` is about, named by its id or its ARN, percent-encoded; none when the path is
/// not one of these.
pub(crate) fn named(path: &str) -> Option<Result<ExecutionId, ApiError>> {
    let named = path.strip_prefix(ROUTE)?.strip_prefix('/')?;
    let named = named.strip_suffix("/try-again")?;
    let decoded = percent_encoding::percent_decode_str(named).decode_utf8();
    let id = decoded
        .ok()
        .and_then(|text| match text.parse::<ExecutionArn>() {
            Ok(arn) => Some(arn.id),
            Err(_) => ExecutionId::parse(&text).ok(),
        });
    Some(id.ok_or_else(|| {
        ApiError::invalid_parameter("'execution' must be the id or the ARN of an execution")
    }))
}

/// `POST`: takes an execution back and goes on with it.
pub(crate) async fn try_again(app: &Arc<App>, id: ExecutionId) -> Result<Response<Body>, ApiError> {
    let worker = Arc::clone(app);
    let tried = app
        .to_the_end(async move { worker.driver.try_again(&id).await })
        .await?;
    match tried {
        TriedAgain::TakenBack => {
            let answer = serde_json::json!({ "outcome": "taken_back" });
            Ok(json(StatusCode::OK, &answer))
        }
        TriedAgain::SetAside(record) => {
            let answer = serde_json::json!({
                "outcome": "set_aside",
                "execution": shown(app, record).await,
            });
            Ok(json(StatusCode::OK, &answer))
        }
        TriedAgain::Unknown => Err(ApiError::new(
            ErrorCode::ResourceNotFound,
            "The execution is not set aside.",
        )),
    }
}
