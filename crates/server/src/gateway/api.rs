//! One API or function URL on its own port: the handling that all faces share.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, RwLock};

use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use model::{EventSource, FunctionName};
use runtime::PlainOutcome;
use stack::{Integration, Route, Stack};
use tokio_util::sync::CancellationToken;
use wire::{ApiError, trace};

use super::access::{Caller, Gate, Refusal};
use super::answer::message;
use super::request::{Call, Incoming, header};
use super::rest::Exchange;
use super::stream;
use crate::access::{COOKIE, Invoked};
use crate::api::{Streamed, Target};
use crate::app::App;
use crate::deploy_error::DeployError;
use crate::http::{self, Body, BodyError, RequestBody, guard, read_body};
use crate::oidc;

/// Largest request body. Source: API Gateway quotas, "Payload size", read 2026-11.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;

/// How an API presents functions to its clients.
pub(crate) trait Face: Send + Sync {
    /// Its key in the template.
    fn logical_id(&self) -> &str;

    /// Whether pages of an origin may send changing requests.
    fn allows(&self, origin: &str) -> bool;

    /// The answer to a browser's preflight request.
    fn preflight(&self, request: &Parts) -> Option<Response<Body>>;

    /// The call that a request makes.
    ///
    /// # Errors
    /// The answer, where no function answers.
    fn call<'a>(&'a self, request: &'a Parts) -> Result<Call<'a>, Box<Response<Body>>>;

    /// The event source of executions that start through a route.
    fn event_source(&self, route: &Route) -> EventSource;

    /// The function's event as JSON.
    fn event(&self, incoming: &Incoming<'_>) -> Vec<u8>;

    /// The access rules; function URLs have none.
    fn gate(&self) -> Option<&Gate> {
        None
    }

    /// Whether requests must be signed, where access is enforced.
    fn is_for_iam(&self) -> bool {
        false
    }

    /// The answer to a refused request.
    fn refuse(&self, refusal: &Refusal) -> Response<Body>;

    /// The answer to a request that is refused for its signature.
    fn refuse_sender(&self, refused: ApiError) -> Response<Body> {
        http::refusal(refused)
    }

    /// Whether answers are sent while the function writes them.
    fn streams(&self) -> bool {
        false
    }

    /// The function's answer, as HTTP.
    fn answer(&self, request: &Parts, payload: &[u8]) -> Response<Body>;

    /// The answer when the function gives none.
    fn failure(&self, failure: Failure) -> Response<Body>;

    /// Tells the browser whether the page may see an answer.
    fn decorate(&self, request: &HeaderMap, answer: &mut Response<Body>);
}

/// Why a request gets no answer from its function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Its body is larger than API Gateway takes.
    TooLarge,
    /// Its body ended early.
    Broken,
    /// Its body did not come in time.
    Slow,
    /// The function, its version or its alias is gone.
    Gone,
    /// The function failed.
    Function,
    /// The function could not be run.
    NotRun,
    /// Too many run already.
    Throttled,
    /// The route's timeout is over.
    TimedOut,
    /// The server shuts down.
    Ending,
}

/// An API; a new deployment replaces its face.
pub(crate) struct Api {
    app: Arc<App>,
    face: RwLock<Arc<dyn Face>>,
}

/// An API and its URL.
pub(crate) struct ServedApi {
    pub api: Arc<Api>,
    pub url: String,
    /// Ends the serving once it is cancelled.
    pub ended: CancellationToken,
}

impl Api {
    pub fn new(app: Arc<App>, face: Arc<dyn Face>) -> Self {
        let face = RwLock::new(face);
        Self { app, face }
    }

    pub fn replace(&self, face: Arc<dyn Face>) {
        *self.face.write().expect("the face is replaced whole") = face;
    }

    fn face(&self) -> Arc<dyn Face> {
        Arc::clone(&self.face.read().expect("the face is replaced whole"))
    }

    /// Answers a request.
    pub async fn handle(
        self: Arc<Self>,
        request: Request<RequestBody>,
        peer: SocketAddr,
    ) -> Response<Body> {
        let face = self.face();
        let (mut parts, body) = request.into_parts();
        // Cookies ignore ports: a browser sends the console's cookies to every port of its host. The functions must not
        // get them.
        http::drop_cookies(&mut parts.headers, is_of_console);
        let access = &self.app.access;
        let counted = access.address(&parts.headers, peer).and_then(|address| {
            if access.is_enforced() {
                access.count_address(address, self.app.machine_now())?;
            }
            Ok(address)
        });
        let address = match counted {
            Ok(address) => address,
            Err(refused) => return http::refusal(refused),
        };
        let allowed = |origin: &str| face.allows(origin);
        let checked = match access.is_exposed() {
            true => guard::check_origin(&parts.method, &parts.headers, allowed),
            false => guard::check(&parts.method, &parts.headers, allowed),
        };
        if let Err(refusal) = checked {
            return message(StatusCode::FORBIDDEN, refusal.message());
        }
        if let Some(answer) = face.preflight(&parts) {
            return answer;
        }
        let mut answer = match face.call(&parts) {
            Ok(call) => {
                let body = match self
                    .admit(face.as_ref(), &parts, &call, body, address)
                    .await
                {
                    Ok(body) => body,
                    Err(refused) => return face.refuse_sender(refused),
                };
                let answered = self.invoke(face.as_ref(), &parts, call, body, address);
                let failed = |failure| face.failure(failure);
                answered.await.unwrap_or_else(failed)
            }
            Err(answer) => *answer,
        };
        http::drop_set_cookies(answer.headers_mut(), is_of_console);
        face.decorate(&parts.headers, &mut answer);
        if parts.method == Method::HEAD {
            *answer.body_mut() = Body::default();
        }
        answer
    }

    /// Checks the signature of a request where a route requires IAM.
    async fn admit(
        &self,
        face: &dyn Face,
        parts: &Parts,
        call: &Call<'_>,
        body: RequestBody,
        address: IpAddr,
    ) -> Result<RequestBody, ApiError> {
        let access = &self.app.access;
        if !access.is_enforced() {
            return Ok(body);
        }
        let invoked = match face.gate() {
            None if face.is_for_iam() => Invoked::FunctionUrl {
                function: call.function,
                qualifier: call.route.qualifier.as_deref(),
            },
            Some(gate) if call.access.iam => Invoked::Method {
                arn: gate.api.method_arn(&self.app, parts, call),
            },
            None | Some(_) => return Ok(body),
        };
        let bounds = (BODY_BYTES_MAX, self.app.machine_now());
        let admitting = access.admit_signed(parts, body, &invoked, address, bounds);
        admitting.await
    }

    async fn invoke(
        &self,
        face: &dyn Face,
        parts: &Parts,
        mut call: Call<'_>,
        body: RequestBody,
        address: IpAddr,
    ) -> Result<Response<Body>, Failure> {
        let app = &self.app;
        let request_id = app.new_request_id();
        let mut caller = Caller::default();
        let gate = face.gate();
        let given_trace = header(&parts.headers, "x-amzn-trace-id");
        if let Some(gate) = gate {
            let unknown = Caller::default();
            let trace_header = trace::header(given_trace, false, app.driver.now());
            let incoming = Incoming {
                parts,
                body: b"",
                call: &call,
                account_id: &app.registry.home.account_id,
                request_id: request_id.as_str(),
                trace_header: &trace_header,
                source_ip: address.to_string(),
                now: app.driver.now(),
                caller: &unknown,
            };
            let event = || face.event(&incoming);
            match gate.admit(app, call.access, &incoming, event).await {
                Ok(admitted) => caller = admitted,
                Err(refusal) => return Ok(face.refuse(&refusal)),
            }
        }
        if let Some(answer) = call.answered.take() {
            return Ok(*answer);
        }
        let body = read_body(body, BODY_BYTES_MAX).await;
        let body = body.map_err(|error| match error {
            BodyError::TooLarge => Failure::TooLarge,
            BodyError::Broken => Failure::Broken,
            BodyError::Slow => Failure::Slow,
        })?;
        let (route, api) = (call.route, face.logical_id());
        let source = face.event_source(route);
        let target = Target::find(app, call.function, route.qualifier.as_deref(), source);
        let target = target.map_err(|error| {
            tracing::warn!(%error, api, "the function behind an API is gone");
            Failure::Gone
        })?;
        let trace_header = target.trace_header(app, given_trace);
        let incoming = Incoming {
            parts,
            body: &body,
            call: &call,
            account_id: &app.registry.home.account_id,
            request_id: request_id.as_str(),
            trace_header: &trace_header,
            source_ip: address.to_string(),
            now: app.driver.now(),
            caller: &caller,
        };
        if let Some(Err(refusal)) = gate.map(|gate| gate.check_body(&incoming)) {
            return Ok(face.refuse(&refusal));
        }
        let payload = face.event(&incoming);
        if let Integration::Aws(integration) = &route.integration {
            let exchange = Exchange::new(integration, &payload, &body);
            return self.exchange(&exchange, &target, route, trace_header).await;
        }
        if let Integration::States(called) = &route.integration {
            let call = super::states_call::call(app, called, &payload, &body);
            let answered = tokio::time::timeout(route.timeout, call).await;
            return answered.map_err(|_elapsed| Failure::TimedOut);
        }
        let is_durable = target.is_durable();
        let invoked = async {
            if !face.streams() {
                return Ok(target.invoke(app, payload, trace_header.clone()).await);
            }
            let invoked = target.invoke_streamed(app, payload, trace_header.clone());
            match invoked.await {
                Streamed::Whole(ended) => Ok(ended.0),
                Streamed::Begun(answer) => Err(answer),
            }
        };
        let invoked = tokio::time::timeout(route.timeout, invoked).await;
        let (error, failure) = match invoked.map_err(|_elapsed| Failure::TimedOut)? {
            Err(answer) => {
                let begun = stream::begun(answer, &app.tasks).await;
                return begun.ok_or_else(|| {
                    tracing::warn!(request = %request_id, api, "the function behind a URL began its answer with an invalid prelude, or failed before its end");
                    Failure::Function
                });
            }
            Ok(PlainOutcome::Succeeded(payload)) if face.streams() && !is_durable => {
                return Ok(stream::whole(payload));
            }
            Ok(PlainOutcome::Succeeded(payload)) => return Ok(face.answer(parts, &payload)),
            Ok(PlainOutcome::Unavailable(_)) if app.shutdown.is_cancelled() => {
                return Err(Failure::Ending);
            }
            Ok(PlainOutcome::FunctionError { error, .. }) => (error, Failure::Function),
            Ok(PlainOutcome::Unavailable(error)) => (error, Failure::NotRun),
            Ok(PlainOutcome::Throttled(error)) => (error, Failure::Throttled),
        };
        tracing::warn!(request = %request_id, api, %error, "the function behind an API gave no answer");
        Err(failure)
    }
}

impl Api {
    /// Answers a request to a route with templates.
    async fn exchange(
        &self,
        exchange: &Exchange<'_>,
        target: &Target,
        route: &Route,
        trace_header: String,
    ) -> Result<Response<Body>, Failure> {
        let app = &self.app;
        let payload = match exchange.event() {
            Ok(payload) => payload,
            Err(answer) => return Ok(*answer),
        };
        if exchange.is_asynchronous() {
            let sent = target.send(app, payload, trace_header).await;
            return match sent {
                Ok(()) => Ok(exchange.answer(b"", None)),
                Err(error) => {
                    tracing::warn!(%error, "the function behind an API was not invoked");
                    Err(Failure::NotRun)
                }
            };
        }
        let invoked = target.invoke(app, payload, trace_header);
        let invoked = tokio::time::timeout(route.timeout, invoked).await;
        match invoked.map_err(|_elapsed| Failure::TimedOut)? {
            PlainOutcome::Succeeded(result) => Ok(exchange.answer(&result, None)),
            PlainOutcome::FunctionError { error, payload } => {
                let text = error.message.as_deref().unwrap_or_default();
                Ok(exchange.answer(&payload, Some(text)))
            }
            PlainOutcome::Unavailable(_) if app.shutdown.is_cancelled() => Err(Failure::Ending),
            PlainOutcome::Unavailable(error) => {
                tracing::warn!(%error, "the function behind an API could not be run");
                Err(Failure::NotRun)
            }
            PlainOutcome::Throttled(_) => Err(Failure::Throttled),
        }
    }
}

/// Whether a cookie is one of the console's.
fn is_of_console(name: &str) -> bool {
    name == COOKIE || oidc::is_cookie(name)
}

/// The names of the functions behind routes, in the routes' order.
///
/// # Errors
/// When a function cannot be behind a route.
pub(super) fn function_names(
    stack: &Stack,
    routes: &[Route],
) -> Result<Vec<FunctionName>, DeployError> {
    let name = |route: &Route| {
        let function = stack
            .function(&route.function)
            .expect("a route is an event of one of the stack's functions");
        if function.durable_config.is_some() && route.qualifier.is_none() {
            let function = route.function.clone();
            return Err(DeployError::UnqualifiedDurableRoute { function });
        }
        FunctionName::parse(&function.name).map_err(|cause| DeployError::FunctionName { cause })
    };
    routes.iter().map(name).collect()
}
