//! How HTTP APIs and function URLs present functions.

use std::time::Duration;

use hyper::http::request::Parts;
use hyper::{HeaderMap, Response, StatusCode};
use model::{EventSource, EventSourceKind, FunctionName};
use stack::{Cors, FunctionUrlResource, HttpApiResource, Route, RouteKey, Stack};
use wire::ApiError;

use super::{answer, cors, event, routes};
use crate::deploy_error::DeployError;
use crate::gateway::access::{Gate, GateKind, Refusal};
use crate::gateway::answer::message;
use crate::gateway::api::{Face, Failure, function_names};
use crate::gateway::path::behind_stage;
use crate::gateway::request::{Call, Incoming};
use crate::http::Body;

/// The longest time of a function: a function URL has no timeout of its own.
const FUNCTION_TIMEOUT_MAX: Duration = Duration::from_secs(900);

/// The template's HTTP API or function URL, with the logical ids of functions turned into names.
pub(crate) struct HttpFace {
    kind: Kind,
    logical_id: String,
    pub(super) api_id: String,
    pub(super) stage_name: String,
    cors: Option<Cors>,
    routes: Vec<Route>,
    streams: bool,
    iam: bool,
    /// Name of the function behind each route, in the routes' order.
    function_names: Vec<FunctionName>,
    /// The access rules; `None` at a function URL.
    gate: Option<Gate>,
}

/// The service of AWS that it stands for: the services answer failures differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    HttpApi,
    FunctionUrl,
}

impl HttpFace {
    /// An HTTP API.
    ///
    /// # Errors
    /// When a function cannot be behind the API.
    pub fn http_api(stack: &Stack, api: &HttpApiResource) -> Result<Self, DeployError> {
        let names = (&*api.logical_id, &*api.api_id, &*api.stage_name);
        let gate = Gate::new(GateKind::Http, stack, names, &api.authorizers, &api.routes);
        Ok(Self {
            gate: Some(gate),
            kind: Kind::HttpApi,
            logical_id: api.logical_id.clone(),
            api_id: api.api_id.clone(),
            stage_name: api.stage_name.clone(),
            cors: api.cors.clone(),
            streams: false,
            iam: false,
            function_names: function_names(stack, &api.routes)?,
            routes: api.routes.clone(),
        })
    }

    /// A function URL: an API with one route for all requests.
    ///
    /// # Errors
    /// When the function cannot be behind the URL.
    pub fn function_url(stack: &Stack, url: &FunctionUrlResource) -> Result<Self, DeployError> {
        let routes = vec![Route {
            key: RouteKey::Default,
            function: url.function.clone(),
            qualifier: url.qualifier.clone(),
            event: url.logical_id.clone(),
            timeout: FUNCTION_TIMEOUT_MAX,
            integration: stack::Integration::Proxy,
            access: stack::Access::default(),
            checks: stack::RequestChecks::default(),
        }];
        Ok(Self {
            kind: Kind::FunctionUrl,
            logical_id: url.logical_id.clone(),
            api_id: url.url_id.clone(),
            stage_name: "$default".to_owned(),
            cors: url.cors.clone(),
            streams: url.streams,
            iam: url.iam,
            gate: None,
            function_names: function_names(stack, &routes)?,
            routes,
        })
    }
}

impl Face for HttpFace {
    fn logical_id(&self) -> &str {
        &self.logical_id
    }

    fn allows(&self, origin: &str) -> bool {
        self.cors
            .as_ref()
            .is_some_and(|cors| cors::allows(cors, origin))
    }

    fn preflight(&self, request: &Parts) -> Option<Response<Body>> {
        cors::preflight(self.cors.as_ref()?, &request.method, &request.headers)
    }

    fn call<'a>(&'a self, request: &'a Parts) -> Result<Call<'a>, Box<Response<Body>>> {
        let path = match self.stage_name.as_str() {
            "$default" => Some(request.uri.path()),
            stage => behind_stage(stage, request.uri.path()),
        };
        let found = path.and_then(|path| {
            let found = routes::find(&self.routes, &request.method, path)?;
            Some(Call {
                route: &self.routes[found.index],
                access: &self.routes[found.index].access,
                answered: None,
                function: &self.function_names[found.index],
                path,
                matched_path: found.matched_path,
                path_parameters: found.path_parameters,
            })
        });
        found.ok_or_else(|| Box::new(message(StatusCode::NOT_FOUND, "Not Found")))
    }

    fn event_source(&self, route: &Route) -> EventSource {
        match self.kind {
            Kind::HttpApi => EventSource {
                kind: EventSourceKind::HttpApi,
                name: format!("{} {}", self.logical_id, route.key),
            },
            Kind::FunctionUrl => EventSource {
                kind: EventSourceKind::FunctionUrl,
                name: self.logical_id.clone(),
            },
        }
    }

    fn event(&self, incoming: &Incoming<'_>) -> Vec<u8> {
        event::event(self, incoming)
    }

    fn gate(&self) -> Option<&Gate> {
        self.gate.as_ref()
    }

    fn is_for_iam(&self) -> bool {
        self.iam
    }

    fn refuse(&self, refusal: &Refusal) -> Response<Body> {
        refusal.answer(GateKind::Http)
    }

    fn refuse_sender(&self, refused: ApiError) -> Response<Body> {
        match self.kind {
            // An HTTP API does not say why. Source: API Gateway developer guide, "Troubleshooting issues with HTTP
            // APIs".
            Kind::HttpApi if refused.status() == StatusCode::FORBIDDEN.as_u16() => {
                Refusal::Denied.answer(GateKind::Http)
            }
            Kind::HttpApi | Kind::FunctionUrl => crate::http::refusal(refused),
        }
    }

    fn streams(&self) -> bool {
        self.streams
    }

    fn answer(&self, _: &Parts, payload: &[u8]) -> Response<Body> {
        let malformed = || message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
        let answer = match self.kind {
            Kind::HttpApi => answer::response(payload),
            Kind::FunctionUrl => answer::url_response(payload),
        };
        answer.unwrap_or_else(malformed)
    }

    fn failure(&self, failure: Failure) -> Response<Body> {
        match (failure, self.kind) {
            (Failure::TooLarge, _) => {
                message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
            }
            (Failure::Broken, _) => message(StatusCode::BAD_REQUEST, "Bad Request"),
            (Failure::Slow, _) => message(StatusCode::REQUEST_TIMEOUT, "Request Timeout"),
            (Failure::Gone | Failure::Function | Failure::NotRun, Kind::HttpApi) => {
                message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
            (Failure::Gone | Failure::Function | Failure::NotRun, Kind::FunctionUrl) => {
                message(StatusCode::BAD_GATEWAY, "Internal Server Error")
            }
            (Failure::Throttled, Kind::FunctionUrl) => {
                message(StatusCode::TOO_MANY_REQUESTS, "Rate exceeded")
            }
            (Failure::Throttled, Kind::HttpApi) | (Failure::TimedOut | Failure::Ending, _) => {
                message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
            }
        }
    }

    fn decorate(&self, request: &HeaderMap, answer: &mut Response<Body>) {
        if let Some(cors) = &self.cors {
            cors::decorate(cors, request, answer);
        }
    }
}
