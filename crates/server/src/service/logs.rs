//! `/lambdura/v1/logs` and `/lambdura/v1/segments`: log lines and X-Ray segments.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use lambda_api::ErrorCode;
use model::{ExecutionArn, ExecutionId, FunctionName, RequestId};
use serde::Serialize;
use store::{LogQuery, LogStream, NumberedLine};
use utoipa::ToSchema;
use wire::{ApiError, PAGE_BYTES_MAX, fitting};

use super::parameter::{flag, limit, number};
use crate::app::App;
use crate::http::{Body, Query, json};

/// The route of one line, by its number.
pub(super) const LINE_ROUTE: &str = "/lambdura/v1/logs/";

/// A page of log lines, oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Lines {
    lines: Vec<Line>,
    /// Where later lines are found: `after` of the next request. Absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<i64>,
    /// With `tail`, where earlier lines are found: `before` of the next request.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_before: Option<i64>,
}

/// A log line.
#[derive(Serialize, ToSchema)]
pub(crate) struct Line {
    number: i64,
    /// Epoch milliseconds.
    timestamp: i64,
    function: String,
    version: String,
    request_id: Option<String>,
    execution_id: Option<String>,
    /// `stdout`, `stderr` or `platform`.
    stream: &'static str,
    text: String,
    /// The whole length, where the text was cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    text_bytes: Option<usize>,
}

/// Returns a page of log lines.
#[utoipa::path(
    get,
    path = "/lambdura/v1/logs",
    params(
        ("function" = Option<String>, Query, description = "only of this function"),
        ("execution" = Option<String>, Query, description = "only of this execution: its id or its ARN"),
        ("request_id" = Option<String>, Query, description = "only of this invocation"),
        ("after" = Option<i64>, Query, description = "only lines after this number"),
        ("before" = Option<i64>, Query, description = "only lines before this number"),
        ("tail" = Option<bool>, Query, description = "the newest lines rather than the oldest"),
        ("limit" = Option<usize>, Query, description = "how many at the most"),
        ("text_bytes_max" = Option<i64>, Query, description = "longer texts are cut"),
    ),
    responses((status = 200, body = Lines)),
)]
pub(crate) async fn logs(app: &Arc<App>, query: &Query) -> Result<Response<Body>, ApiError> {
    let function = query
        .get("function")
        .map(FunctionName::parse)
        .transpose()
        .map_err(invalid)?;
    let request_id = query
        .get("request_id")
        .map(RequestId::parse)
        .transpose()
        .map_err(invalid)?;
    let tail = flag(query, "tail")?;
    let text_bytes_max = number(query, "text_bytes_max")?;
    let log_query = LogQuery {
        function,
        execution_id: query.get("execution").map(execution_id).transpose()?,
        request_id,
        after: number(query, "after")?,
        before: number(query, "before")?,
        tail,
        limit: limit(query)?,
        bytes_max: PAGE_BYTES_MAX,
        text_bytes_max: text_bytes_max.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(0)),
    };
    let page = app.runner.logs.store().lines(log_query).await?;
    let shown = page.lines.into_iter().map(Line::from);
    let fitting = if tail {
        let mut fitting = fitting(shown.rev(), PAGE_BYTES_MAX);
        fitting.items.reverse();
        fitting
    } else {
        fitting(shown, PAGE_BYTES_MAX)
    };
    let (lines, more) = (fitting.items, page.more || !fitting.is_whole);
    let end = if tail { lines.first() } else { lines.last() };
    let end = end.filter(|_| more).map(|line| line.number);
    let lines = Lines {
        next_after: end.filter(|_| !tail),
        next_before: end.filter(|_| tail),
        lines,
    };
    Ok(json(StatusCode::OK, &lines))
}

/// Returns one complete log line.
#[utoipa::path(
    get,
    path = "/lambdura/v1/logs/{number}",
    params(("number" = i64, Path, description = "its number")),
    responses((status = 200, body = Line)),
)]
pub(crate) async fn line(app: &Arc<App>, path: &str) -> Result<Response<Body>, ApiError> {
    let number: Option<i64> = path[LINE_ROUTE.len()..].parse().ok();
    let log_query = LogQuery {
        after: number.map(|number| number.saturating_sub(1)),
        limit: 1,
        ..LogQuery::default()
    };
    let page = app.runner.logs.store().lines(log_query).await?;
    let mut found = page.lines.into_iter();
    let found = found.find(|found| Some(found.number) == number);
    let found = found.ok_or_else(|| {
        let message = "There is no such line, or it has been removed: logs keep the newest lines.";
        ApiError::new(ErrorCode::ResourceNotFound, message)
    })?;
    Ok(json(StatusCode::OK, &Line::from(found)))
}

impl From<NumberedLine> for Line {
    fn from(found: NumberedLine) -> Self {
        let line = found.line;
        Self {
            number: found.number,
            timestamp: line.at.as_millis(),
            function: line.function.to_string(),
            version: line.version.to_string(),
            request_id: line.request_id.map(|id| id.to_string()),
            execution_id: line.execution_id.map(|id| id.to_string()),
            stream: match line.stream {
                LogStream::Stdout => "stdout",
                LogStream::Stderr => "stderr",
                LogStream::Platform => "platform",
            },
            text_bytes: (line.text.len() < found.text_bytes).then_some(found.text_bytes),
            text: line.text,
        }
    }
}

/// An execution's id, or its ARN.
fn execution_id(text: &str) -> Result<ExecutionId, ApiError> {
    match text.parse::<ExecutionArn>() {
        Ok(arn) => Ok(arn.id),
        Err(_) => ExecutionId::parse(text).map_err(invalid),
    }
}

/// X-Ray segments.
#[derive(Serialize, ToSchema)]
pub(crate) struct Segments {
    segments: Vec<SegmentShown>,
}

/// An X-Ray segment as it was sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct SegmentShown {
    trace_id: String,
    /// Epoch milliseconds.
    received_at: i64,
    document: serde_json::Value,
}

/// Returns X-Ray segments, of one trace or the newest.
#[utoipa::path(
    get,
    path = "/lambdura/v1/segments",
    params(
        ("trace_id" = Option<String>, Query, description = "only of this trace"),
        ("limit" = Option<usize>, Query, description = "how many at the most"),
    ),
    responses((status = 200, body = Segments)),
)]
pub(crate) async fn segments(app: &Arc<App>, query: &Query) -> Result<Response<Body>, ApiError> {
    let trace_id = query.get("trace_id").map(str::to_owned);
    let stored = app
        .runner
        .logs
        .store()
        .segments(trace_id, limit(query)?, PAGE_BYTES_MAX)
        .await?;
    let segments = stored.into_iter().map(|segment| SegmentShown {
        document: serde_json::from_str(&segment.document).unwrap_or_default(),
        trace_id: segment.trace_id,
        received_at: segment.at.as_millis(),
    });
    Ok(json(
        StatusCode::OK,
        &Segments {
            segments: segments.collect(),
        },
    ))
}

fn invalid(error: model::InvalidId) -> ApiError {
    ApiError::invalid_parameter(error.to_string())
}
