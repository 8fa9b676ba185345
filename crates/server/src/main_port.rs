//! The main port: which face a request is for.

use std::sync::Arc;

use hyper::{Method, Request, Response};
use lambda_api::{ErrorCode, headers};
use wire::ApiError;

use crate::app::App;
use crate::http::{Body, RequestBody, guard, refusal};
use crate::tables::Tables;
use crate::{api, console, service};

/// Answers a request to the main port: our own routes and the console's, then the Lambda API.
pub(crate) async fn handle(app: Arc<App>, request: Request<RequestBody>) -> Response<Body> {
    if let Err(refused) = guard::check(request.method(), request.headers(), |_| false) {
        return refusal(ApiError::new(ErrorCode::AccessDenied, refused.message()));
    }
    let is_page = console::is_page(request.uri().path());
    if let Err(refused) = guard::check_site(request.headers(), is_page) {
        return refusal(ApiError::new(ErrorCode::AccessDenied, refused.message()));
    }
    if app.only_looks
        && let Some(refused) = refuse(&request)
    {
        return refusal(refused);
    }
    let request = match app.other_services.handle(request).await {
        Ok(answer) => return answer,
        Err(request) => request,
    };
    if Tables::serve(request.headers()) {
        return app.tables.handle(request).await;
    }
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
    if wants_page && is_unknown_operation(&answer) {
        return console::no_such_page();
    }
    answer
}

/// Whether the Lambda API has nothing under the address that was asked for.
fn is_unknown_operation(answer: &Response<Body>) -> bool {
    let kind = answer.headers().get(headers::ERROR_TYPE);
    kind.is_some_and(|kind| kind.as_bytes() == ErrorCode::UnknownOperation.as_str().as_bytes())
}

/// The refusal of a request that would change something, where nothing may be changed.
fn refuse<B>(request: &Request<B>) -> Option<ApiError> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let message = "This console only looks: the program that has the file open runs its executions, and is the only \
                   one that changes them.";
    Some(ApiError::new(ErrorCode::AccessDenied, message))
}
