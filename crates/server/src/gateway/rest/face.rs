//! How REST APIs present functions.

use hyper::header::ACCEPT;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Response, StatusCode};
use model::{EventSource, EventSourceKind, FunctionName};
use stack::{RestApiResource, Route, Stack};

use super::answer::response;
use super::routes::find;
use super::{cors, event};
use crate::deploy_error::DeployError;
use crate::gateway::access::{Gate, GateKind, Refusal};
use crate::gateway::answer::message;
use crate::gateway::api::{Face, Failure, function_names};
use crate::gateway::path::behind_stage;
use crate::gateway::request::{Call, Incoming, header};
use crate::http::Body;

/// The template's REST API, with the logical ids of functions turned into names.
pub(crate) struct RestFace {
    pub(super) resource: RestApiResource,
    /// Name of the function behind each route, in the routes' order.
    function_names: Vec<FunctionName>,
    gate: Gate,
}

impl RestFace {
    /// A REST API.
    ///
    /// # Errors
    /// When a function cannot be behind the API.
    pub fn new(stack: &Stack, api: &RestApiResource) -> Result<Self, DeployError> {
        let names = (&*api.logical_id, &*api.api_id, &*api.stage_name);
        let gate = Gate::new(GateKind::Rest, stack, names, &api.authorizers, &api.routes);
        Ok(Self {
            gate: gate.with_key_source(api.api_key_source),
            function_names: function_names(stack, &api.routes)?,
            resource: api.clone(),
        })
    }
}

impl Face for RestFace {
    fn logical_id(&self) -> &str {
        &self.resource.logical_id
    }

    fn allows(&self, origin: &str) -> bool {
        self.resource
            .cors
            .as_ref()
            .is_some_and(|cors| cors::allows(cors, origin))
    }

    /// `OPTIONS` is a method of the resource like others.
    fn preflight(&self, _: &Parts) -> Option<Response<Body>> {
        None
    }

    fn call<'a>(&'a self, request: &'a Parts) -> Result<Call<'a>, Box<Response<Body>>> {
        let api = &self.resource;
        let Some(path) = behind_stage(&api.stage_name, request.uri.path()) else {
            return Err(Box::new(message(StatusCode::FORBIDDEN, "Forbidden")));
        };
        // API Gateway's answer to requests for missing resources and methods.
        let missing = || {
            let text = "Missing Authentication Token";
            Box::new(message(StatusCode::FORBIDDEN, text))
        };
        let found = find(&api.routes, path).ok_or_else(missing)?;
        if let Some(cors) = &api.cors
            && request.method == Method::OPTIONS
            && !found.has_options()
        {
            let answer = Box::new(cors::options(cors, &found));
            let Some(index) = found.any_route().filter(|_| !api.options_access.is_open()) else {
                return Err(answer);
            };
            return Ok(Call {
                route: &api.routes[index],
                access: &api.options_access,
                answered: Some(answer),
                function: &self.function_names[index],
                path,
                matched_path: found.matched_path,
                path_parameters: found.path_parameters,
            });
        }
        let index = found.route(&request.method).ok_or_else(missing)?;
        Ok(Call {
            route: &api.routes[index],
            access: &api.routes[index].access,
            answered: None,
            function: &self.function_names[index],
            path,
            matched_path: found.matched_path,
            path_parameters: found.path_parameters,
        })
    }

    fn gate(&self) -> Option<&Gate> {
        Some(&self.gate)
    }

    fn refuse(&self, refusal: &Refusal) -> Response<Body> {
        refusal.answer(GateKind::Rest)
    }

    fn event_source(&self, route: &Route) -> EventSource {
        EventSource {
            kind: EventSourceKind::RestApi,
            name: format!("{} {}", self.resource.logical_id, route.key),
        }
    }

    fn event(&self, incoming: &Incoming<'_>) -> Vec<u8> {
        event::event(&self.resource, incoming)
    }

    fn answer(&self, request: &Parts, payload: &[u8]) -> Response<Body> {
        let accept = header(&request.headers, ACCEPT.as_str()).unwrap_or_default();
        let takes_binary = event::is_binary(&self.resource, accept);
        response(payload, takes_binary).unwrap_or_else(|| self.failure(Failure::Function))
    }

    fn failure(&self, failure: Failure) -> Response<Body> {
        match failure {
            Failure::TooLarge => message(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long"),
            Failure::Broken => message(StatusCode::BAD_REQUEST, "Bad Request"),
            Failure::Slow => message(StatusCode::REQUEST_TIMEOUT, "Request Timeout"),
            Failure::Gone | Failure::NotRun | Failure::Throttled => {
                message(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
            }
            Failure::Function => message(StatusCode::BAD_GATEWAY, "Internal server error"),
            Failure::TimedOut => message(StatusCode::GATEWAY_TIMEOUT, "Endpoint request timed out"),
            Failure::Ending => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        }
    }

    /// The function sets these headers, as on AWS.
    fn decorate(&self, _: &HeaderMap, _: &mut Response<Body>) {}
}
