//! From a request's method and raw path to its handler.

use std::sync::Arc;

use hyper::{Method, Request, Response, Uri};
use lambda_api::{ErrorCode, headers};
use wire::ApiError;

use super::durable::{callback, checkpoint, execution, history, pause};
use super::functions::route::{self as functions, Routed};
use super::invoke::call;
use crate::app::App;
use crate::functions::Reference;
use crate::http::{Body, Query, RequestBody, decode, refusal};

const EXECUTIONS: &str = "/2025-12-01/durable-executions/";
const FUNCTIONS: &str = "/2015-03-31/functions/";

/// Whether a path may belong to the Lambda API: all its paths begin with a date.
pub(crate) fn is_path(path: &str) -> bool {
    path.starts_with("/20")
}

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

/// Looks in the store for the function that a request names: another server may have deployed it a moment ago.
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

/// Requests of running functions and their callers are handled here. All others are boxed, so that the future of these
/// stays small.
async fn dispatch(
    app: &Arc<App>,
    request: Request<RequestBody>,
) -> Result<Response<Body>, ApiError> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().trim_end_matches('/');
    let query = Query::parse(parts.uri.query())?;
    let asked = Routed {
        method: &parts.method,
        path,
        query: &query,
        headers: &parts.headers,
    };
    if let Some(rest) = path.strip_prefix(EXECUTIONS) {
        let (arn, action) = split_action(rest);
        return match (asked.method.as_str(), action) {
            ("POST", Some("checkpoint")) => checkpoint::checkpoint(app, arn, body).await,
            ("GET", Some("state")) => checkpoint::state(app, arn, &query).await,
            (_, action) => Box::pin(of_execution(app, &asked, arn, action, body)).await,
        };
    }
    let invoked = path.strip_prefix(FUNCTIONS);
    let invoked = invoked.and_then(|rest| rest.strip_suffix("/invocations"));
    match invoked.filter(|name| parts.method == Method::POST && !name.contains('/')) {
        Some(name) => call::invoke(app, name, &query, &parts.headers, body).await,
        None => Box::pin(others(app, &asked, body)).await,
    }
}

/// Requests about one execution, except those of its own function.
async fn of_execution(
    app: &Arc<App>,
    asked: &Routed<'_>,
    arn: &str,
    action: Option<&str>,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    match (asked.method.as_str(), action) {
        ("GET", Some("history")) => history::history(app, arn, asked.query).await,
        ("POST", Some("stop")) => execution::stop(app, arn, body).await,
        ("POST", Some("pause")) => pause::pause(app, arn, body).await,
        ("POST", Some("resume")) => pause::resume(app, arn, body).await,
        ("GET", None) => execution::get(app, arn, asked.query).await,
        ("DELETE", None) => execution::delete(app, arn).await,
        (_, _) => Err(unknown(asked.method, asked.path)),
    }
}

async fn others(
    app: &Arc<App>,
    asked: &Routed<'_>,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let (verb, path) = (asked.method.as_str(), asked.path);
    if let Some(rest) = path.strip_prefix("/2025-12-01/durable-execution-callbacks/") {
        let (id, action) = rest.rsplit_once('/').unwrap_or((rest, ""));
        return match (verb, action) {
            ("POST", "succeed") => callback::succeed(app, id, body).await,
            ("POST", "fail") => callback::fail(app, id, body).await,
            ("POST", "heartbeat") => callback::heartbeat(app, id).await,
            (_, _) => Err(unknown(asked.method, path)),
        };
    }
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    if let ("GET", ["2025-12-01", "functions", name, "durable-executions"]) =
        (verb, segments.as_slice())
    {
        return execution::list(app, name, asked.query).await;
    }
    match functions::dispatch(app, asked, body).await {
        Ok(answer) => answer,
        Err(_body) => Err(unknown(asked.method, path)),
    }
}

/// The ARN and the action in a path. Clients that do not encode the ARN's slashes are understood, too: the action is
/// the last segment, if it is a known one.
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
