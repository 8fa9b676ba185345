//! `/lambdura/v1/set-aside`: lists executions that cannot be worked on, and tries them again.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use lambda_api::ErrorCode;
use model::{ExecutionArn, ExecutionId};
use runtime::TriedAgain;
use serde::Serialize;
use store::SetAside;
use utoipa::ToSchema;
use wire::ApiError;

use crate::app::App;
use crate::http::{Body, Query, decode, json};

/// Executions of a page: when the request names no number, and at most.
const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 1_000;

/// Bytes of a reason that are shown: the text of a panic may be of any length.
const REASON_BYTES_MAX: usize = 4_096;

/// The route; retries of one execution are below it: `/lambdura/v1/set-aside/{id}/try-again`.
pub(crate) const ROUTE: &str = "/lambdura/v1/set-aside";

/// Executions that are set aside, in order of id.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetAsideList {
    /// How many there are, of which this is a page.
    pub count: usize,
    pub executions: Vec<SetAsideExecution>,
    /// Where the next ones are found: `after` of the next request. Absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_after: Option<String>,
}

/// An execution that is set aside. What its records say about it may not be readable.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetAsideExecution {
    pub execution_id: String,
    /// Epoch milliseconds.
    pub set_aside_at: i64,
    /// What was being done.
    pub attempted: String,
    /// What went wrong.
    pub reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub durable_execution_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
}

async fn shown(app: &App, record: SetAside) -> SetAsideExecution {
    // An execution whose state cannot be read may have no readable name either.
    let summary = app.driver.store().summary(&record.execution_id).await;
    let arn = summary.ok().flatten().map(|it| it.spec.arn.clone());
    SetAsideExecution {
        execution_id: record.execution_id.to_string(),
        set_aside_at: record.set_aside_at.as_millis(),
        attempted: record.attempted,
        reason: cut(record.reason),
        name: arn.as_ref().map(|arn| arn.name.to_string()),
        function: arn.as_ref().map(|arn| arn.function.name.to_string()),
        durable_execution_arn: arn.map(|arn| arn.to_string()),
    }
}

/// A reason, cut to a length that people read.
pub(crate) fn cut(mut reason: String) -> String {
    if reason.len() > REASON_BYTES_MAX {
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        reason.push('…');
    }
    reason
}

/// Returns the executions that are set aside.
#[utoipa::path(
    get,
    path = "/lambdura/v1/set-aside",
    params(
        ("after" = Option<String>, Query, description = "only those after this id"),
        ("limit" = Option<usize>, Query, description = "from 1 to 1000; 100 without it"),
    ),
    responses((status = 200, body = SetAsideList)),
)]
pub(crate) async fn list(app: &App, query: &Query) -> Result<Response<Body>, ApiError> {
    let after = query.get("after").map(ExecutionId::parse).transpose();
    let after = after.map_err(|error| ApiError::invalid_parameter(error.to_string()))?;
    let limit = match query.get("limit").map(str::parse) {
        None => LIMIT_DEFAULT,
        Some(Ok(limit @ 1..=LIMIT_MAX)) => limit,
        Some(_) => {
            let message = format!("'limit' must be from 1 to {LIMIT_MAX}");
            return Err(ApiError::invalid_parameter(message));
        }
    };
    let driver = &app.driver;
    let mut records = driver.set_aside_anywhere().await?;
    let count = records.len();
    records.retain(|record| {
        after
            .as_ref()
            .is_none_or(|after| record.execution_id > *after)
    });
    let more = records.len() > limit;
    records.truncate(limit);
    let next_after = records.last().filter(|_| more);
    let next_after = next_after.map(|record| record.execution_id.to_string());
    let mut executions = Vec::with_capacity(records.len());
    for record in records {
        executions.push(shown(app, record).await);
    }
    let list = SetAsideList {
        count,
        executions,
        next_after,
    };
    Ok(json(StatusCode::OK, &list))
}

/// The execution in the path of a `POST`, named by its id or its ARN, percent-encoded; `None` for another path.
pub(crate) fn named(path: &str) -> Option<Result<ExecutionId, ApiError>> {
    let named = path.strip_prefix(ROUTE)?.strip_prefix('/')?;
    let named = named.strip_suffix("/try-again")?;
    let id = decode(named).and_then(|text| match text.parse::<ExecutionArn>() {
        Ok(arn) => Some(arn.id),
        Err(_) => ExecutionId::parse(&text).ok(),
    });
    Some(id.ok_or_else(|| {
        ApiError::invalid_parameter("'execution' must be the id or the ARN of an execution")
    }))
}

/// What came of trying again.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes an answer that is made by hand")]
pub(crate) struct Tried {
    /// `taken_back` or `set_aside`.
    outcome: String,
    /// Why it is set aside again.
    execution: Option<SetAsideExecution>,
}

/// Retries an execution that is set aside.
#[utoipa::path(
    post,
    path = "/lambdura/v1/set-aside/{execution}/try-again",
    params(("execution" = String, Path, description = "its id or its ARN, percent-encoded")),
    responses((status = 200, body = Tried)),
)]
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
