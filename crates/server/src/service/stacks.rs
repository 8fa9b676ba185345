//! `/lambdura/v1/stacks` and `/lambdura/v1/code`: hands requests to the deployment, if this server has one.

use hyper::{Request, Response};
use lambda_api::ErrorCode;
use wire::ApiError;

use crate::app::App;
use crate::http::{Body, RequestBody, refusal};

const ROUTES: [&str; 2] = ["/lambdura/v1/stacks", "/lambdura/v1/code"];

/// Whether a request is for stacks, by its path.
pub(super) fn is_meant(path: &str) -> bool {
    let below = |route: &&str| {
        path.strip_prefix(*route)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    ROUTES.iter().any(below)
}

/// Answers a request about stacks.
pub(super) async fn handle(app: &App, request: Request<RequestBody>) -> Response<Body> {
    match app.stacks.get() {
        Some(stacks) => stacks(request).await,
        None => refusal(ApiError::new(
            ErrorCode::UnknownOperation,
            "This server runs the template that was given to `lambdura up`, and accepts no other. Deploy to one that was started \
             by `lambdura serve`.",
        )),
    }
}
