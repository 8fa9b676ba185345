//! `GetDurableExecution`, `ListDurableExecutionsByFunction`, `StopDurableExecution`,
//! `DeleteDurableExecution`.

use std::sync::Arc;

use engine::{Answer, Input};
use hyper::{Response, StatusCode};
use lambda_api::{
    DeleteDurableExecutionResponse, EpochSeconds, ErrorCode,
    ListDurableExecutionsByFunctionResponse, StopDurableExecutionResponse,
};
use model::{ErrorObject, ExecutionArn, ExecutionName, ExecutionStatus, Timestamp};
use state_machine::name::SPELLED;
use store::{Cursor, ExecutionFilter, ExecutionHead, ExecutionRecord, ExecutionSummary};
use wire::{ApiError, Violations, error_object, wire_execution, wire_summary};

use super::arn::execution_arn;
use crate::api::marker;
use crate::api::request::{boolean, object};
use crate::app::App;
use crate::functions::Reference;
use crate::http::{Body, Query, RequestBody, decode, json, read_body};

/// Largest error object of a stop, JSON-escaped.
const ERROR_BYTES_MAX: usize = 2 * 1024 * 1024;

pub(in crate::api) async fn get(
    app: &Arc<App>,
    arn: &str,
    query: &Query,
) -> Result<Response<Body>, ApiError> {
    let arn = execution_arn(arn)?;
    let store = app.driver.store();
    let include_data = include_data(query)?;
    let found = if include_data {
        let record = store.record(&arn.id).await?;
        record.map(|ExecutionRecord { spec, state }| (spec, state))
    } else {
        let summary = store.summary(&arn.id).await?;
        summary.map(|ExecutionSummary { spec, state, .. }| (spec, state))
    };
    let (spec, state) = found
        .filter(|(spec, _)| spec.arn == arn)
        .ok_or_else(ApiError::unknown_execution)?;
    Ok(json(
        StatusCode::OK,
        &wire_execution(&spec, &state, include_data),
    ))
}

/// The head of the execution with exactly this ARN, for a check.
pub(in crate::api) async fn head(
    app: &Arc<App>,
    arn: &ExecutionArn,
) -> Result<ExecutionHead, ApiError> {
    let head = app.driver.store().head(&arn.id).await?;
    head.filter(|head| head.arn == *arn)
        .ok_or_else(ApiError::unknown_execution)
}

/// `IncludeExecutionData`: true unless the request sets it.
pub(super) fn include_data(query: &Query) -> Result<bool, ApiError> {
    boolean(query, "IncludeExecutionData", true)
}

pub(in crate::api) async fn stop(
    app: &Arc<App>,
    arn: &str,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let arn = execution_arn(arn)?;
    let bytes = read_body(body, ERROR_BYTES_MAX).await?;
    let error = optional_error(&bytes)?;
    head(app, &arn).await?;
    let at = match app.driver.process(&arn.id, Input::Stop { error }).await? {
        Answer::Stopped { at } => at,
        Answer::Done | Answer::Checkpoint { .. } => unreachable!("a stop is answered as one"),
    };
    let stop_timestamp = EpochSeconds::from_millis(at.as_millis());
    Ok(json(
        StatusCode::OK,
        &StopDurableExecutionResponse { stop_timestamp },
    ))
}

pub(in crate::api) async fn delete(app: &Arc<App>, arn: &str) -> Result<Response<Body>, ApiError> {
    let arn = execution_arn(arn)?;
    head(app, &arn).await?;
    let requested_at = app.driver.now();
    app.driver.process(&arn.id, Input::Delete).await?;
    let deletion_request_timestamp = EpochSeconds::from_millis(requested_at.as_millis());
    Ok(json(
        StatusCode::ACCEPTED,
        &DeleteDurableExecutionResponse {
            deletion_request_timestamp,
        },
    ))
}

/// An optional error object as a body: without one, clients send nothing, `null` or `{}`.
pub(super) fn optional_error(bytes: &[u8]) -> Result<ErrorObject, ApiError> {
    match bytes.trim_ascii() {
        b"" | b"null" => Ok(ErrorObject::default()),
        bytes => Ok(error_object(object(bytes)?)),
    }
}

pub(in crate::api) async fn list(
    app: &Arc<App>,
    name: &str,
    query: &Query,
) -> Result<Response<Body>, ApiError> {
    let name = decode(name).unwrap_or_default();
    let reference = Reference::parse(&name, query.get("Qualifier"))?;
    let resolved = app.registry.resolve(&reference)?;
    let limit = marker::max_items(query)?;
    let statuses = statuses(query)?;
    let filter = ExecutionFilter {
        function: Some(reference.name),
        // Without a qualifier all versions are listed. The model's text says `$LATEST` alone, which
        // would hide every execution of a function that is invoked by alias.
        version: resolved
            .qualifier
            .is_some()
            .then(|| resolved.version.version.clone()),
        name: execution_name(query)?,
        statuses: statuses.clone().unwrap_or_default(),
        started_after: instant(query, "StartedAfter")?,
        started_before: instant(query, "StartedBefore")?,
        // Here `ReverseOrder` means oldest first; for the history it means newest first.
        oldest_first: boolean(query, "ReverseOrder", false)?,
        after: query.get("Marker").map(marker::decode_cursor).transpose()?,
        limit: limit + 1,
    };
    let mut heads = match statuses {
        // Only statuses were requested that no stored execution has.
        Some(statuses) if statuses.is_empty() => Vec::new(),
        Some(_) | None => app.driver.store().list(filter).await?,
    };
    let more = heads.len() > limit;
    heads.truncate(limit);
    let next_marker = heads.last().filter(|_| more).map(|last| {
        marker::encode_cursor(&Cursor {
            started_at: last.started_at,
            execution_id: last.arn.id.clone(),
        })
    });
    let durable_executions = heads.iter().map(wire_summary).collect();
    let response = ListDurableExecutionsByFunctionResponse {
        durable_executions,
        next_marker,
    };
    Ok(json(StatusCode::OK, &response))
}

fn execution_name(query: &Query) -> Result<Option<ExecutionName>, ApiError> {
    let Some(text) = query.get("DurableExecutionName") else {
        return Ok(None);
    };
    let name = ExecutionName::parse(text).ok();
    // Only state machines have longer names, which all begin with this prefix.
    let name = name.filter(|_| text.len() <= 64 || text.starts_with(SPELLED));
    if name.is_none() {
        let mut violations = Violations::default();
        violations.pattern(text, "durableExecutionName", 64, "[a-zA-Z0-9-_]+", |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
        });
        violations.none()?;
    }
    Ok(name)
}

/// The requested statuses; none when the request does not filter by status.
fn statuses(query: &Query) -> Result<Option<Vec<ExecutionStatus>>, ApiError> {
    use lambda_api::ExecutionStatus as Wire;
    let mut violations = Violations::default();
    let statuses = query
        .all("Statuses")
        .enumerate()
        .filter_map(|(index, text)| match Wire::parse(text) {
            Some(Wire::Running) => Some(ExecutionStatus::Running),
            Some(Wire::Succeeded) => Some(ExecutionStatus::Succeeded),
            Some(Wire::Failed) => Some(ExecutionStatus::Failed),
            Some(Wire::TimedOut) => Some(ExecutionStatus::TimedOut),
            Some(Wire::Stopped) => Some(ExecutionStatus::Stopped),
            Some(Wire::Pausing) => Some(ExecutionStatus::Pausing),
            Some(Wire::Paused) => Some(ExecutionStatus::Paused),
            // A deleted execution is removed at once: no execution ever has this status.
            Some(Wire::Deleting) => None,
            Some(Wire::Unknown(_)) | None => {
                let path = format!("statuses.{}.member", index + 1);
                violations.not_one_of(text, &path, Wire::VALUES);
                None
            }
        })
        .collect();
    violations.none()?;
    let is_asked = query.all("Statuses").next().is_some();
    Ok(is_asked.then_some(statuses))
}

/// An instant in ISO 8601, as clients send it, or in epoch seconds.
fn instant(query: &Query, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = query.get(name) else {
        return Ok(None);
    };
    if let Ok(seconds) = text.parse::<f64>()
        && seconds.is_finite()
    {
        return Ok(Some(Timestamp::from_millis(
            EpochSeconds(seconds).as_millis(),
        )));
    }
    match text.parse::<jiff::Timestamp>() {
        Ok(at) => Ok(Some(Timestamp::from_millis(at.as_millisecond()))),
        Err(_) => Err(ApiError::new(
            ErrorCode::Serialization,
            format!("'{text}' can not be converted to Date"),
        )),
    }
}
