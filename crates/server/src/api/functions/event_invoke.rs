//! Configuration of asynchronous invocations: `PutFunctionEventInvokeConfig`, `Update…`, `Get…`, `List…`, `Delete…`.
//!
//! Retries and ages are obeyed, and so are destinations that are functions. Events that were given up are also among
//! the dead letters.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use lambda_api::{
    Destination, DestinationConfig, EpochSeconds, ErrorCode, FunctionEventInvokeConfig,
    ListFunctionEventInvokeConfigsResponse,
};
use model::FunctionName;
use wire::ApiError;

use super::change::function_name;
use super::function::{FUNCTIONS_MAX, page, resolve};
use super::members::{EVENT_INVOKE_CONFIG, narrow};
use super::setting::change;
use crate::api::request::checked;
use crate::app::App;
use crate::functions::EventInvoke;
use crate::http::{Body, Query, RequestBody, json, no_content};

/// Whether members that are missing in a request lose their value or keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    Put,
    Update,
}

pub(super) async fn write(
    app: &Arc<App>,
    name: &str,
    query: &Query,
    body: RequestBody,
    write: Write,
) -> Result<Response<Body>, ApiError> {
    let request = checked(body, EVENT_INVOKE_CONFIG).await?;
    let retries_max = narrow(request.maximum_retry_attempts);
    let event_age_seconds_max = narrow(request.maximum_event_age_in_seconds);
    let (function, qualifier) = target(app, name, query)?;
    let destinations = request.destination_config.as_ref();
    let destination = |one: Option<&Destination>| {
        one.and_then(|one| one.destination.clone())
            .filter(|arn| !arn.is_empty())
    };
    let on_success = destination(destinations.and_then(|all| all.on_success.as_ref()));
    let on_failure = destination(destinations.and_then(|all| all.on_failure.as_ref()));
    let given_destinations = destinations.is_some();
    let key = qualifier.clone();
    let settings = change(app, function.clone(), move |now, settings| {
        let before = settings.event_invoke.get(&key).cloned();
        let base = match (write, before) {
            (Write::Put, _) => EventInvoke::default(),
            (Write::Update, Some(before)) => before,
            (Write::Update, None) => return Err(none_configured()),
        };
        let event_invoke = EventInvoke {
            retries_max: retries_max.or(base.retries_max),
            event_age_seconds_max: event_age_seconds_max.or(base.event_age_seconds_max),
            on_success: if given_destinations {
                on_success
            } else {
                base.on_success
            },
            on_failure: if given_destinations {
                on_failure
            } else {
                base.on_failure
            },
            modified_at: now.as_millis(),
        };
        settings.event_invoke_from_template.remove(&key);
        settings.event_invoke.insert(key, event_invoke);
        Ok(())
    })
    .await?;
    let event_invoke = settings
        .event_invoke
        .get(&qualifier)
        .ok_or_else(none_configured)?;
    Ok(json(
        StatusCode::OK,
        &shown(app, &function, &qualifier, event_invoke),
    ))
}

pub(super) fn get(app: &Arc<App>, name: &str, query: &Query) -> Result<Response<Body>, ApiError> {
    let (function, qualifier) = target(app, name, query)?;
    let settings = app.registry.settings(&function);
    let event_invoke = settings
        .event_invoke
        .get(&qualifier)
        .ok_or_else(none_configured)?;
    Ok(json(
        StatusCode::OK,
        &shown(app, &function, &qualifier, event_invoke),
    ))
}

pub(super) fn list(app: &Arc<App>, name: &str, query: &Query) -> Result<Response<Body>, ApiError> {
    let function = function_name(app, name)?;
    let settings = app.registry.settings(&function);
    let all: Vec<_> = settings.event_invoke.iter().collect();
    let (page, next_marker) = page(&all, query, FUNCTIONS_MAX)?;
    let configs = page
        .iter()
        .map(|(qualifier, event_invoke)| shown(app, &function, qualifier, event_invoke));
    let response = ListFunctionEventInvokeConfigsResponse {
        function_event_invoke_configs: configs.collect(),
        next_marker,
    };
    Ok(json(StatusCode::OK, &response))
}

pub(super) async fn delete(
    app: &Arc<App>,
    name: &str,
    query: &Query,
) -> Result<Response<Body>, ApiError> {
    let (function, qualifier) = target(app, name, query)?;
    change(app, function, move |_, settings| {
        settings.event_invoke_from_template.remove(&qualifier);
        let before = settings.event_invoke.remove(&qualifier);
        before.map(drop).ok_or_else(none_configured)
    })
    .await?;
    Ok(no_content())
}

/// The function and qualifier to configure: `$LATEST` unless the request names a version or alias.
fn target(app: &Arc<App>, name: &str, query: &Query) -> Result<(FunctionName, String), ApiError> {
    let resolved = resolve(app, name, query)?;
    let qualifier = resolved.qualifier.unwrap_or_else(|| "$LATEST".to_owned());
    Ok((resolved.arn.name, qualifier))
}

fn none_configured() -> ApiError {
    ApiError::new(
        ErrorCode::ResourceNotFound,
        "The function doesn't have an EventInvokeConfig",
    )
}

fn shown(
    app: &App,
    function: &FunctionName,
    qualifier: &str,
    event_invoke: &EventInvoke,
) -> FunctionEventInvokeConfig {
    let destination = |arn: &Option<String>| Destination {
        destination: arn.clone(),
    };
    FunctionEventInvokeConfig {
        last_modified: EpochSeconds::from_millis(event_invoke.modified_at),
        function_arn: app.registry.home.arn(function).qualified(qualifier),
        maximum_retry_attempts: event_invoke.retries_max.map(i64::from),
        maximum_event_age_in_seconds: event_invoke.event_age_seconds_max.map(i64::from),
        destination_config: Some(DestinationConfig {
            on_success: Some(destination(&event_invoke.on_success)),
            on_failure: Some(destination(&event_invoke.on_failure)),
        }),
    }
}
