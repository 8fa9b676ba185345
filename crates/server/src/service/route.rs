//! Finds the handler for a request's path.

use std::sync::Arc;

use hyper::{Method, Request, Response};

use super::logs::LINE_ROUTE;
use super::{
    access_keys, answers, clock, dead_letters, health, logs, set_aside, stacks, version_code,
};
use crate::app::App;
use crate::http::{Body, Query, RequestBody, refusal};

/// Answers a request with a body to one of our own routes; gives back a request to another path.
pub(crate) async fn change(
    app: &Arc<App>,
    request: Request<RequestBody>,
) -> Result<Response<Body>, Request<RequestBody>> {
    if request.uri().path().starts_with(access_keys::ROUTE) {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path();
        return match access_keys::handle(app, &parts.method, path, body).await {
            Ok(answer) => Ok(answer.unwrap_or_else(refusal)),
            Err(body) => Err(Request::from_parts(parts, body)),
        };
    }
    if stacks::is_meant(request.uri().path()) {
        return Ok(stacks::handle(app, request).await);
    }
    if *request.method() != Method::POST {
        return Err(request);
    }
    let answer = match request.uri().path() {
        clock::ROUTE => clock::change(app, request.into_body()).await,
        answers::ROUTE => answers::replace(app, request.into_body()).await,
        _other => return Err(request),
    };
    Ok(answer.unwrap_or_else(refusal))
}

/// Answers a request to one of our own routes; `None` for another path.
pub(crate) async fn handle<B>(app: &Arc<App>, request: &Request<B>) -> Option<Response<Body>> {
    let get = *request.method() == Method::GET;
    let query = match Query::parse(request.uri().query()) {
        Ok(query) => query,
        // The module that serves the path reports the error.
        Err(_) if !is_ours(request.uri().path()) => return None,
        Err(error) => return Some(refusal(error)),
    };
    let answer = match request.uri().path() {
        "/healthz" if get => Ok(health::health(app)),
        "/readyz" if get => Ok(health::readiness(app)),
        set_aside::ROUTE if get => set_aside::list(app, &query).await,
        path if *request.method() == Method::POST => {
            if let Some(named) = set_aside::named(path) {
                match named {
                    Ok(id) => set_aside::try_again(app, id).await,
                    Err(error) => Err(error),
                }
            } else {
                match version_code::named(path)? {
                    Ok(named) => version_code::replace(app, named, &query).await,
                    Err(error) => Err(error),
                }
            }
        }
        access_keys::AUDIT_ROUTE if get => access_keys::audit(app, &query).await,
        clock::ROUTE if get => clock::show(app).await,
        answers::ROUTE if get => Ok(answers::show(app)),
        "/lambdura/v1/logs" if get => logs::logs(app, &query).await,
        path if get && path.starts_with(LINE_ROUTE) => logs::line(app, path).await,
        "/lambdura/v1/segments" if get => logs::segments(app, &query).await,
        "/lambdura/dead-letters" | "/lambdura/v1/dead-letters" if get => {
            dead_letters::list(app, &query).await
        }
        _ => return None,
    };
    Some(answer.unwrap_or_else(refusal))
}

/// Whether a path may be one of our own.
fn is_ours(path: &str) -> bool {
    path.starts_with("/lambdura/") || matches!(path, "/healthz" | "/readyz")
}
