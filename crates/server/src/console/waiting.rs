//! What executions wait for: callbacks that must be answered, and timers.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use model::{OperationDetails, Timestamp};
use serde::Serialize;
use store::{OpenCallback as StoredCallback, OpenTimer};
use utoipa::ToSchema;
use wire::ApiError;

use super::filter;
use super::summary::{Status, WakeReason};
use crate::app::App;
use crate::http::{Body, Query, json};

/// Callbacks that nobody has answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallbackPage {
    pub callbacks: Vec<OpenCallback>,
    /// Where to go on; absent when nothing is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A callback that nobody has answered. Instants are epoch milliseconds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OpenCallback {
    pub execution_id: String,
    pub arn: String,
    pub execution_name: String,
    pub function: String,
    pub version: String,
    pub execution_status: Status,
    pub operation_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub callback_id: String,
    pub started_at: i64,
    /// When it times out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_timeout_seconds: Option<u32>,
    /// When it times out unless a heartbeat comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_deadline_at: Option<i64>,
    /// Its start, or the last heartbeat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_heartbeat_at: Option<i64>,
}

impl OpenCallback {
    fn of(stored: &StoredCallback) -> Option<Self> {
        let operation = &stored.operation;
        let OperationDetails::Callback {
            callback_id,
            timeout_seconds,
            heartbeat_timeout_seconds,
            last_heartbeat_at,
            ..
        } = &operation.details
        else {
            return None;
        };
        let after = |at: Timestamp, seconds: Option<u32>| {
            seconds.map(|seconds| at.plus_seconds(seconds).as_millis())
        };
        Some(Self {
            execution_id: stored.arn.id.to_string(),
            arn: stored.arn.to_string(),
            execution_name: stored.arn.name.to_string(),
            function: stored.arn.function.name.to_string(),
            version: stored.arn.version.to_string(),
            execution_status: stored.execution_status.into(),
            operation_id: operation.id.to_string(),
            name: operation.name.clone(),
            callback_id: callback_id.to_string(),
            started_at: operation.started_at.as_millis(),
            deadline_at: after(operation.started_at, *timeout_seconds),
            heartbeat_timeout_seconds: *heartbeat_timeout_seconds,
            heartbeat_deadline_at: after(*last_heartbeat_at, *heartbeat_timeout_seconds),
            last_heartbeat_at: heartbeat_timeout_seconds.map(|_| last_heartbeat_at.as_millis()),
        })
    }
}

/// Returns open callbacks, those of older executions first.
#[utoipa::path(
    get,
    path = "/lambdura/v1/callbacks",
    params(
        ("function" = Option<String>, Query, description = "of this function"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<usize>, Query, description = "1 to 1,000; 100 when absent"),
    ),
    responses((status = 200, body = CallbackPage)),
)]
pub(super) async fn callbacks(app: &Arc<App>, query: &Query) -> Result<Response<Body>, ApiError> {
    let function = filter::function(query)?;
    let after = filter::callback_cursor(query)?;
    let limit = filter::limit(query)?;
    let store = app.driver.store();
    let mut stored = store.open_callbacks(function, after, limit + 1).await?;
    let more = stored.len() > limit;
    stored.truncate(limit);
    let last = stored.last().filter(|_| more);
    let page = CallbackPage {
        next_cursor: last.map(|last| filter::shown_callback_cursor(last.cursor)),
        callbacks: stored.iter().filter_map(OpenCallback::of).collect(),
    };
    Ok(json(StatusCode::OK, &page))
}

/// What comes due.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TimerPage {
    pub timers: Vec<Timer>,
}

/// What comes due next in an execution.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Timer {
    pub execution_id: String,
    pub arn: String,
    pub execution_name: String,
    pub function: String,
    pub version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<String>,
    /// The operation's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub reason: WakeReason,
    /// Epoch milliseconds.
    pub due_at: i64,
}

impl From<OpenTimer> for Timer {
    fn from(timer: OpenTimer) -> Self {
        let reason = &timer.deadline.reason;
        Self {
            execution_id: timer.arn.id.to_string(),
            arn: timer.arn.to_string(),
            execution_name: timer.arn.name.to_string(),
            function: timer.arn.function.name.to_string(),
            version: timer.arn.version.to_string(),
            operation_id: reason.operation_id().map(ToString::to_string),
            name: timer.operation_name,
            reason: reason.into(),
            due_at: timer.deadline.at.as_millis(),
        }
    }
}

/// Returns what is due next in executions that have not ended, soonest first.
#[utoipa::path(
    get,
    path = "/lambdura/v1/timers",
    params(("limit" = Option<usize>, Query, description = "1 to 1,000; 100 when absent")),
    responses((status = 200, body = TimerPage)),
)]
pub(super) async fn timers(app: &Arc<App>, query: &Query) -> Result<Response<Body>, ApiError> {
    let timers = app
        .driver
        .store()
        .open_timers(filter::limit(query)?)
        .await?;
    let timers = timers.into_iter().map(Timer::from).collect();
    Ok(json(StatusCode::OK, &TimerPage { timers }))
}
