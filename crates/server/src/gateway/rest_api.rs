//! One REST API on its own port.

use std::net::SocketAddr;
use std::sync::{Arc, RwLock};

use hyper::header::ACCEPT;
use hyper::{Method, Request, Response, StatusCode};
use model::{EventSource, EventSourceKind};
use runtime::PlainOutcome;
use stack::RestApiResource;

use super::api::{BODY_BYTES_MAX, head_only, header};
use super::described::DescribedRest;
use super::response::message;
use super::rest_cors;
use super::rest_event::{Surroundings, event, is_binary};
use super::rest_response::{malformed, response};
use super::rest_routes::{Found, find};
use crate::api::Target;
use crate::app::App;
use crate::http::{Body, BodyError, RequestBody, guard, read_body};

/// A REST API, whose description a new deployment replaces.
pub(crate) struct RestApi {
    app: Arc<App>,
    described: RwLock<Arc<DescribedRest>>,
}

impl RestApi {
    pub fn new(app: Arc<App>, described: DescribedRest) -> Self {
        Self {
            app,
            described: RwLock::new(Arc::new(described)),
        }
    }

    pub fn replace(&self, described: DescribedRest) {
        *self
            .described
            .write()
            .expect("the description is replaced whole") = Arc::new(described);
    }

    /// Answers a request.
    pub async fn handle(
        self: Arc<Self>,
        request: Request<RequestBody>,
        peer: SocketAddr,
    ) -> Response<Body> {
        let described = Arc::clone(
            &self
                .described
                .read()
                .expect("the description is replaced whole"),
        );
        let api = &described.resource;
        let (parts, body) = request.into_parts();
        let cors = api.cors.as_ref();
        let allowed = |origin: &str| cors.is_some_and(|cors| rest_cors::allows(cors, origin));
        if let Err(refusal) = guard::check(&parts.method, &parts.headers, allowed) {
            return message(StatusCode::FORBIDDEN, refusal.message());
        }
        let Some(path) = path_in_stage(api, parts.uri.path()) else {
            return message(StatusCode::FORBIDDEN, "Forbidden");
        };
        // API Gateway says so for whatever it does not have.
        let missing = || message(StatusCode::FORBIDDEN, "Missing Authentication Token");
        let Some(found) = find(&api.routes, path) else {
            return missing();
        };
        if let Some(cors) = cors
            && parts.method == Method::OPTIONS
            && !found.has_options()
        {
            return rest_cors::options(cors, &found);
        }
        let Some(route) = found.route(&parts.method) else {
            return missing();
        };
        let body = match read_body(body, BODY_BYTES_MAX).await {
            Ok(body) => body,
            Err(BodyError::TooLarge) => {
                return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long");
            }
            Err(BodyError::Broken) => return message(StatusCode::BAD_REQUEST, "Bad Request"),
            Err(BodyError::Slow) => {
                return message(StatusCode::REQUEST_TIMEOUT, "Request Timeout");
            }
        };
        let call = Call {
            described: &described,
            found: &found,
            route,
            path,
        };
        let answer = self.answer(call, &parts, &body, peer).await;
        head_only(&parts.method, answer)
    }

    async fn answer(
        &self,
        call: Call<'_>,
        parts: &hyper::http::request::Parts,
        body: &[u8],
        peer: SocketAddr,
    ) -> Response<Body> {
        let app = &self.app;
        let api = &call.described.resource;
        let route = &api.routes[call.route];
        let name = &call.described.function_names[call.route];
        let source = EventSource {
            kind: EventSourceKind::RestApi,
            name: format!("{} {}", api.logical_id, route.key),
        };
        let target = match Target::find(app, name, route.qualifier.as_deref(), source) {
            Ok(target) => target,
            Err(error) => {
                tracing::warn!(%error, "the function behind a REST API is gone");
                return message(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error");
            }
        };
        let request_id = app.new_request_id();
        let given = header(&parts.headers, "x-amzn-trace-id");
        let trace_header = target.trace_header(app, given);
        let around = Surroundings {
            api,
            account_id: &app.registry.home.account_id,
            request_id: request_id.as_str(),
            trace_header: &trace_header,
            source_ip: peer.ip().to_string(),
            now: app.driver.now(),
            path: call.path,
        };
        let payload = event(parts, body, call.found, &around);
        let invoked = target.invoke(app, payload, trace_header.clone());
        match tokio::time::timeout(route.timeout, invoked).await {
            Ok(PlainOutcome::Succeeded(payload)) => {
                let accept = header(&parts.headers, ACCEPT.as_str()).unwrap_or_default();
                response(&payload, is_binary(api, accept))
            }
            Ok(PlainOutcome::FunctionError { error, .. }) => {
                tracing::warn!(request = %request_id, ?error, "the function behind a REST API failed");
                malformed()
            }
            Ok(PlainOutcome::Unavailable(_)) if app.shutdown.is_cancelled() => {
                message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
            }
            Ok(PlainOutcome::Unavailable(error) | PlainOutcome::Throttled(error)) => {
                tracing::warn!(request = %request_id, ?error, "the function behind a REST API did not run");
                message(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
            }
            Err(_elapsed) => message(StatusCode::GATEWAY_TIMEOUT, "Endpoint request timed out"),
        }
    }
}

/// A request that has found its route.
struct Call<'a> {
    described: &'a DescribedRest,
    found: &'a Found<'a>,
    route: usize,
    /// The path behind the stage.
    path: &'a str,
}

/// The path behind the stage, which every path begins with.
fn path_in_stage<'a>(api: &RestApiResource, path: &'a str) -> Option<&'a str> {
    let rest = path.strip_prefix('/')?;
    let rest = rest.strip_prefix(api.stage_name.as_str())?;
    match rest {
        "" => Some("/"),
        rest => rest.starts_with('/').then_some(rest),
    }
}
