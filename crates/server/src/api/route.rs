//! From a request's method and raw path to its handler.

use std::sync::Arc;

use hyper::{Method, Request, Response, Uri};
use lambda_api::{ErrorCode, headers};
use wire::ApiError;

use super::durable::{callback, checkpoint, execution, history, pause};
use super::functions::route::{self as functions, Routed};
use crate::app::App;
use crate::functions::Reference;
use crate::http::{Body, Query, RequestBody, decode, refusal};

/// Answers a request to the Lambda API.
pub(crate) async fn handle(app: Arc<App>, request: Request<RequestBody>) -> Response<Body> {
    let response = dispatch(&app, request).await;
    let mut response = response.unwrap_or_else(refusal);
    let request_id = app.new_request_id().to_string();
    if let Ok(value) = request_id.parse() {
        response
            .headers_mut()
            .entry(headers::REQUEST_ID)
            .or_insert(value);
    }
    response
}

/// Looks for the function that a request names: another server may have deployed it a moment ago.
pub(crate) async fn look_for(app: &App, uri: &Uri) {
    let mut segments = uri.path().split('/').skip(2);
    let (Some("functions"), Some(name)) = (segments.next(), segments.next()) else {
        return;
    };
    let query = Query::parse(uri.query()).unwrap_or_default();
    let name = decode(name).unwrap_or_default();
    if let Ok(reference) = Reference::parse(&name, query.get("Qualifier")) {
        app.registry.look_for(&reference).await;
    }
}

async fn dispatch(
    app: &Arc<App>,
    request: Request<RequestBody>,
) -> Result<Response<Body>, ApiError> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().trim_end_matches('/');
    let query = Query::parse(parts.uri.query())?;
    if let Some(rest) = path.strip_prefix("/2025-12-01/durable-executions/") {
        return match split_action(rest) {
            (arn, Some("checkpoint")) if parts.method == Method::POST => {
                checkpoint::checkpoint(app, arn, body).await
            }
            (arn, Some("state")) if parts.method == Method::GET => {
                checkpoint::state(app, arn, &query).await
            }
            (arn, Some("history")) if parts.method == Method::GET => {
                history::history(app, arn, &query).await
            }
            (arn, Some("stop")) if parts.method == Method::POST => {
                execution::stop(app, arn, body).await
            }
            (arn, Some("pause")) if parts.method == Method::POST => {
                pause::pause(app, arn, body).await
            }
            (arn, Some("resume")) if parts.method == Method::POST => {
                pause::resume(app, arn, body).await
            }
            (arn, None) if parts.method == Method::GET => execution::get(app, arn, &query).await,
            (arn, None) if parts.method == Method::DELETE => execution::delete(app, arn).await,
            (_, _) => Err(unknown(&parts.method, path)),
        };
    }
    if let Some(rest) = path.strip_prefix("/2025-12-01/durable-execution-callbacks/") {
        let (id, action) = rest.rsplit_once('/').unwrap_or((rest, ""));
        return match action {
            "succeed" if parts.method == Method::POST => callback::succeed(app, id, body).await,
            "fail" if parts.method == Method::POST => callback::fail(app, id, body).await,
            "heartbeat" if parts.method == Method::POST => callback::heartbeat(app, id).await,
            _ => Err(unknown(&parts.method, path)),
        };
    }
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    if let ("GET", ["2025-12-01", "functions", name, "durable-executions"]) =
        (parts.method.as_str(), segments.as_slice())
    {
        return execution::list(app, name, &query).await;
    }
    let routed = Routed {
        method: &parts.method,
        path,
        query: &query,
        headers: &parts.headers,
    };
    match functions::dispatch(app, &routed, body).await {
        Ok(answer) => answer,
        Err(_body) => Err(unknown(&parts.method, path)),
    }
}

/// An ARN and what to do with it. Clients that leave its slashes unencoded are understood too: the
/// action is the last segment, if it is one.
fn split_action(rest: &str) -> (&str, Option<&str>) {
    match rest.rsplit_once('/') {
        Some((
            arn,
            action @ ("checkpoint" | "state" | "history" | "stop" | "pause" | "resume"),
        )) => (arn, Some(action)),
        Some(_) | None => (rest, None),
    }
}

fn unknown(method: &Method, path: &str) -> ApiError {
    let shown: String = path.chars().take(256).collect();
    let message = format!("{method} {shown} is not an operation of this service.");
    ApiError::new(ErrorCode::UnknownOperation, message)
}
