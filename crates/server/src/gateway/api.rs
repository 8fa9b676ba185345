//! One HTTP API on its own port.

use std::net::SocketAddr;
use std::sync::{Arc, RwLock};

use driver::{PlainInvocation, PlainOutcome};
use hyper::body::Incoming;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use model::FunctionName;
use stack::{HttpApiResource, Route};

use super::event::{Surroundings, event};
use super::response::{message, response};
use super::{cors, routes};
use crate::functions::Reference;
use crate::guard;
use crate::http::{Body, BodyError, read_body};
use crate::server::App;
use crate::trace;

/// Largest request body. Source: API Gateway quotas, "Payload size", read 2026-11.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;

/// An HTTP API, whose description a new deployment replaces.
pub(crate) struct HttpApi {
    app: Arc<App>,
    described: RwLock<Arc<Described>>,
}

/// What the template says, with functions' logical ids turned into names.
pub(crate) struct Described {
    pub resource: HttpApiResource,
    /// Name of the function behind each route, in the routes' order.
    pub function_names: Vec<FunctionName>,
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
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Response<Body> {
        let described = self.described();
        let (parts, body) = request.into_parts();
        let cors = described.resource.cors.as_ref();
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
        body: Incoming,
        peer: SocketAddr,
    ) -> Response<Body> {
        let read = read_body(body, BODY_BYTES_MAX).await;
        let path = self.path_in_stage(&described.resource, parts.uri.path());
        let found =
            path.and_then(|path| routes::find(&described.resource.routes, &parts.method, path));
        let Some(found) = found else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        let body = match read {
            Ok(body) => body,
            Err(BodyError::TooLarge) => {
                return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
            }
            Err(BodyError::Broken) => return message(StatusCode::BAD_REQUEST, "Bad Request"),
        };
        let app = &self.app;
        let Some(target) = self.target(described, found.route) else {
            return message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
        };
        let request_id = app.new_request_id();
        let now = app.driver.now();
        let trace_header = trace::header(
            header(&parts.headers, "x-amzn-trace-id"),
            target.traced,
            now,
        );
        let around = Surroundings {
            api: &described.resource,
            account_id: &app.registry.home.account_id,
            request_id: request_id.as_str(),
            trace_header: &trace_header,
            source_ip: peer.ip().to_string(),
            now,
        };
        let invocation = PlainInvocation {
            payload: event(&parts, &body, &found, &around),
            request_id: app.new_request_id(),
            trace_header: Some(trace_header.clone()),
            client_context: None,
            tenant_id: None,
            ..target.invocation
        };
        let invoked =
            tokio::time::timeout(found.route.timeout, app.invoker.plain(invocation)).await;
        match invoked.map(|(outcome, _)| outcome) {
            Ok(PlainOutcome::Succeeded(payload)) => head_only(&parts.method, response(&payload)),
            Ok(PlainOutcome::FunctionError { error, .. } | PlainOutcome::Unavailable(error)) => {
                tracing::warn!(request = %request_id, ?error, "the function behind an HTTP API failed");
                message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
            Ok(PlainOutcome::Throttled(_)) | Err(_) => {
                message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
            }
        }
    }

    /// The path without the stage's prefix, which `$default` does not have.
    fn path_in_stage<'a>(&self, resource: &HttpApiResource, path: &'a str) -> Option<&'a str> {
        if resource.stage_name == "$default" {
            return Some(path);
        }
        let rest = path
            .strip_prefix('/')?
            .strip_prefix(resource.stage_name.as_str())?;
        if rest.is_empty() {
            Some("/")
        } else {
            rest.starts_with('/').then_some(rest)
        }
    }

    fn target(&self, described: &Described, route: &Route) -> Option<Target> {
        let index = described
            .resource
            .routes
            .iter()
            .position(|one| one.key == route.key)?;
        let name = described.function_names.get(index)?.clone();
        let qualifier = route.qualifier.clone();
        let reference = Reference {
            name,
            qualifier,
            region: None,
            account_id: None,
        };
        let resolved = self.app.registry.route(&reference).ok()?;
        Some(Target {
            traced: resolved.version.traced,
            invocation: PlainInvocation {
                request_id: self.app.new_request_id(),
                invoked_arn: resolved.invoked_arn(),
                function: reference.name,
                version: resolved.version.version.clone(),
                payload: Vec::new(),
                client_context: None,
                trace_header: None,
                tenant_id: None,
            },
        })
    }
}

/// The function behind a route.
struct Target {
    traced: bool,
    invocation: PlainInvocation,
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The answer to HEAD has no body.
fn head_only(method: &Method, mut response: Response<Body>) -> Response<Body> {
    if *method == Method::HEAD {
        *response.body_mut() = Body::default();
    }
    response
}
