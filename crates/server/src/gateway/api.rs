//! One HTTP API or function URL on its own port.

use std::net::SocketAddr;
use std::sync::{Arc, RwLock};

use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use model::{EventSource, EventSourceKind};
use runtime::PlainOutcome;
use stack::Route;

use super::described::{Described, Face};
use super::event::{Surroundings, event};
use super::response::{message, response};
use super::{cors, routes};
use crate::api::Target;
use crate::app::App;
use crate::http::{Body, BodyError, RequestBody, guard, read_body};

/// Largest request body. Source: API Gateway quotas, "Payload size", read 2026-11.
pub(super) const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;

/// An HTTP API, whose description a new deployment replaces.
pub(crate) struct HttpApi {
    app: Arc<App>,
    described: RwLock<Arc<Described>>,
}

impl HttpApi {
    pub fn new(app: Arc<App>, described: Described) -> Self {
        Self {
            app,
            described: RwLock::new(Arc::new(described)),
        }
    }

    pub fn replace(&self, described: Described) {
        *self
            .described
            .write()
            .expect("the description is replaced whole") = Arc::new(described);
    }

    fn described(&self) -> Arc<Described> {
        Arc::clone(
            &self
                .described
                .read()
                .expect("the description is replaced whole"),
        )
    }

    /// Answers a request.
    pub async fn handle(
        self: Arc<Self>,
        request: Request<RequestBody>,
        peer: SocketAddr,
    ) -> Response<Body> {
        let described = self.described();
        let (parts, body) = request.into_parts();
        let cors = described.cors.as_ref();
        let allowed = |origin: &str| cors.is_some_and(|cors| cors::allows(cors, origin));
        if let Err(refusal) = guard::check(&parts.method, &parts.headers, allowed) {
            return message(StatusCode::FORBIDDEN, refusal.message());
        }
        if let Some(cors) = cors
            && let Some(answer) = cors::preflight(cors, &parts.method, &parts.headers)
        {
            return answer;
        }
        let headers = parts.headers.clone();
        let mut answer = self.answer(&described, parts, body, peer).await;
        if let Some(cors) = cors {
            cors::decorate(cors, &headers, &mut answer);
        }
        answer
    }

    async fn answer(
        &self,
        described: &Described,
        parts: hyper::http::request::Parts,
        body: RequestBody,
        peer: SocketAddr,
    ) -> Response<Body> {
        let path = self.path_in_stage(described, parts.uri.path());
        let found = path.and_then(|path| routes::find(&described.routes, &parts.method, path));
        let Some(found) = found else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        let body = match read_body(body, BODY_BYTES_MAX).await {
            Ok(body) => body,
            Err(BodyError::TooLarge) => {
                return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
            }
            Err(BodyError::Broken) => return message(StatusCode::BAD_REQUEST, "Bad Request"),
            Err(BodyError::Slow) => {
                return message(StatusCode::REQUEST_TIMEOUT, "Request Timeout");
            }
        };
        let app = &self.app;
        let failed = || match described.face {
            Face::HttpApi => message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            Face::FunctionUrl => message(StatusCode::BAD_GATEWAY, "Internal Server Error"),
        };
        let Some(target) = self.target(described, found.route) else {
            return failed();
        };
        let request_id = app.new_request_id();
        let given = header(&parts.headers, "x-amzn-trace-id");
        let trace_header = target.trace_header(app, given);
        let around = Surroundings {
            api: described,
            account_id: &app.registry.home.account_id,
            request_id: request_id.as_str(),
            trace_header: &trace_header,
            source_ip: peer.ip().to_string(),
            now: app.driver.now(),
        };
        let payload = event(&parts, &body, &found, &around);
        let invoked = target.invoke(app, payload, trace_header.clone());
        match tokio::time::timeout(found.route.timeout, invoked).await {
            Ok(PlainOutcome::Succeeded(payload)) => head_only(&parts.method, response(&payload)),
            Ok(PlainOutcome::Unavailable(_)) if app.shutdown.is_cancelled() => {
                message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
            }
            Ok(PlainOutcome::FunctionError { error, .. } | PlainOutcome::Unavailable(error)) => {
                tracing::warn!(request = %request_id, ?error, "the function behind an HTTP API failed");
                failed()
            }
            Ok(PlainOutcome::Throttled(_)) if described.face == Face::FunctionUrl => {
                message(StatusCode::TOO_MANY_REQUESTS, "Rate exceeded")
            }
            Ok(PlainOutcome::Throttled(_)) | Err(_) => {
                message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
            }
        }
    }

    /// The path without the stage's prefix, which `$default` does not have.
    fn path_in_stage<'a>(&self, described: &Described, path: &'a str) -> Option<&'a str> {
        if described.stage_name == "$default" {
            return Some(path);
        }
        let rest = path
            .strip_prefix('/')?
            .strip_prefix(described.stage_name.as_str())?;
        if rest.is_empty() {
            Some("/")
        } else {
            rest.starts_with('/').then_some(rest)
        }
    }

    fn target(&self, described: &Described, route: &Route) -> Option<Target> {
        let index = described
            .routes
            .iter()
            .position(|one| one.key == route.key)?;
        let name = described.function_names.get(index)?;
        let source = match described.face {
            Face::HttpApi => EventSource {
                kind: EventSourceKind::HttpApi,
                name: format!("{} {}", described.logical_id, route.key),
            },
            Face::FunctionUrl => EventSource {
                kind: EventSourceKind::FunctionUrl,
                name: described.logical_id.clone(),
            },
        };
        match Target::find(&self.app, name, route.qualifier.as_deref(), source) {
            Ok(target) => Some(target),
            Err(error) => {
                tracing::warn!(%error, "the function behind an HTTP API is gone");
                None
            }
        }
    }
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The answer to HEAD has no body.
pub(super) fn head_only(method: &Method, mut response: Response<Body>) -> Response<Body> {
    if *method == Method::HEAD {
        *response.body_mut() = Body::default();
    }
    response
}
