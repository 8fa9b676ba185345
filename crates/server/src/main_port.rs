//! The main port: decides which part of the server handles a request.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hyper::{Method, Request, Response};
use lambda_api::{ErrorCode, headers};
use wire::ApiError;

use crate::access::Admitted;
use crate::app::App;
use crate::http::{Body, RequestBody, guard, refusal};
use crate::permission::Service;
use crate::service::session;
use crate::tables::Tables;
use crate::{api, console, service, states};

/// Answers a request to the main port: requests for other services, recognized by their headers, for the Lambda API,
/// for our own routes, and for the console.
pub(crate) async fn handle(
    app: Arc<App>,
    request: Request<RequestBody>,
    peer: SocketAddr,
) -> Response<Body> {
    if let Err(refused) = check_origin(&app, &request) {
        return refusal(ApiError::new(ErrorCode::AccessDenied, refused.message()));
    }
    if app.only_looks
        && let Some(refused) = refuse(&request)
    {
        return refusal(refused);
    }
    let address = match app.access.address(request.headers(), peer) {
        Ok(address) => address,
        Err(refused) => return refusal(refused),
    };
    if session::is_for(request.uri().path()) {
        if app.access.is_enforced()
            && let Err(refused) = app.access.count_address(address, app.machine_now())
        {
            return refusal(refused);
        }
        let (parts, body) = request.into_parts();
        let answer = session::handle(&app, &parts, address, body).await;
        return answer.unwrap_or_else(refusal);
    }
    if !app.access.is_enforced() {
        api::look_for(&app, request.uri()).await;
        return dispatch(app, request).await;
    }
    match admit(&app, request, address).await {
        Ok((request, admitted)) => {
            let recording = Recording::of(&app, admitted);
            let answer = dispatch(app, request).await;
            recording.end(&answer).await;
            answer
        }
        Err(refused) => refusal(refused),
    }
}

/// A request in progress. If it is dropped before its answer, because the client left, it is recorded all the same: a
/// client cannot keep a change out of the record by not waiting.
struct Recording {
    app: Arc<App>,
    admitted: Option<Admitted>,
}

impl Recording {
    fn of(app: &Arc<App>, admitted: Admitted) -> Self {
        Self {
            app: Arc::clone(app),
            admitted: Some(admitted),
        }
    }

    /// Records the outcome, and returns when the record is durable.
    async fn end<B>(mut self, answer: &Response<B>) {
        if let Some(admitted) = self.admitted.take() {
            let (access, now) = (&self.app.access, self.app.machine_now());
            access.note(admitted, answer, now).await;
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if let Some(admitted) = self.admitted.take() {
            let now = self.app.machine_now();
            self.app.access.note_left(admitted, now);
        }
    }
}

/// Refuses requests that another site may have made a browser send.
fn check_origin(app: &App, request: &Request<RequestBody>) -> Result<(), guard::Refusal> {
    let (method, headers) = (request.method(), request.headers());
    match app.access.is_exposed() {
        // Here host names protect nothing, and need not: see `guard::check_origin`.
        true => guard::check_origin(method, headers, |_| false)?,
        false => guard::check(method, headers, |_| false)?,
    }
    let path = request.uri().path();
    // A provider sends browsers back to the page where they signed in.
    let is_link = console::is_page(path) || session::is_return(path);
    guard::check_site(headers, is_link)
}

/// Checks a request, where policies are enforced.
async fn admit(
    app: &App,
    request: Request<RequestBody>,
    address: IpAddr,
) -> Result<(Request<RequestBody>, Admitted), ApiError> {
    let now = app.machine_now();
    app.access.count_address(address, now)?;
    // Before the decision, because the function may be a state machine.
    api::look_for(app, request.uri()).await;
    // As `dispatch` distinguishes them: requests for tables and for other services may have any path.
    let is_elsewhere = app.other_services.meant(&request).is_some();
    let service = match states::serve(app, request.headers()) {
        true => Service::States,
        false => Service::of(Tables::serve(request.headers()), is_elsewhere),
    };
    if service == Service::Lambda && is_for_everybody(&request) {
        return Ok((request, Admitted::unseen()));
    }
    let store = app.driver.store().as_ref();
    let admitting = app.access.admit(request, service, address, store, now);
    admitting.await
}

/// Whether anybody may send a request: for the server's health, or for the console's files, which reveal nothing about
/// its work.
fn is_for_everybody(request: &Request<RequestBody>) -> bool {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = request.uri().path();
    is_read && (matches!(path, "/healthz" | "/readyz") || console::is_file(path))
}

/// All but the Lambda API is boxed: the future of a checkpoint is created, moved and dropped with each request, and
/// would otherwise be as large as the largest of the others.
async fn dispatch(app: Arc<App>, request: Request<RequestBody>) -> Response<Body> {
    if states::serve(&app, request.headers()) {
        return Box::pin(states::handle(&app, request)).await;
    }
    if let Some(service) = app.other_services.meant(&request) {
        return Box::pin(app.other_services.handle(request, &service)).await;
    }
    if Tables::serve(request.headers()) {
        return Box::pin(app.tables.handle(request)).await;
    }
    if api::is_path(request.uri().path()) {
        let wants_page = console::is_navigation(&request);
        let answer = api::handle(app, request).await;
        return or_page(answer, wants_page);
    }
    Box::pin(own_route(app, request)).await
}

/// Our own routes and the console's. The Lambda API refuses requests that match none of them.
async fn own_route(app: Arc<App>, request: Request<RequestBody>) -> Response<Body> {
    let request = match service::change(&app, request).await {
        Ok(answer) => return answer,
        Err(request) => request,
    };
    if let Some(answer) = service::handle(&app, &request).await {
        return answer;
    }
    if let Some(answer) = console::handle(&app, &request).await {
        return answer;
    }
    let wants_page = console::is_navigation(&request);
    let answer = api::handle(app, request).await;
    or_page(answer, wants_page)
}

/// The answer, or a page where a browser asked for an unknown address.
fn or_page(answer: Response<Body>, wants_page: bool) -> Response<Body> {
    match wants_page && is_unknown_operation(&answer) {
        true => console::no_such_page(),
        false => answer,
    }
}

/// Whether the Lambda API does not know the requested address.
fn is_unknown_operation(answer: &Response<Body>) -> bool {
    let kind = answer.headers().get(headers::ERROR_TYPE);
    kind.is_some_and(|kind| kind.as_bytes() == ErrorCode::UnknownOperation.as_str().as_bytes())
}

/// Refuses a request for a change, where changes are not allowed.
fn refuse<B>(request: &Request<B>) -> Option<ApiError> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let message = "This console only looks: the program that has the file open runs its executions, and is the only \
                   one that changes them.";
    Some(ApiError::new(ErrorCode::AccessDenied, message))
}
