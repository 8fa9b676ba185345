//! Answers that all faces share.

use bytes::Bytes;
use hyper::{Response, StatusCode};
use lambda_api::headers;
use serde::Serialize;
use wire::ApiError;

use super::Body;

/// An answer with a JSON body.
pub(crate) fn json<T: Serialize>(status: StatusCode, body: &T) -> Response<Body> {
    let bytes = serde_json::to_vec(body).expect("wire types are always JSON");
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Body::from(Bytes::from(bytes)))
        .expect("the parts are all valid")
}

/// `200` with `{}`: the answer of operations without a result.
pub(crate) fn empty_object() -> Response<Body> {
    json(StatusCode::OK, &serde_json::json!({}))
}

/// `204`.
pub(crate) fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// An error as the Lambda API sends it.
pub(crate) fn refusal(error: ApiError) -> Response<Body> {
    let mut response = Response::builder()
        .status(error.status())
        .header("content-type", "application/json")
        .header(headers::ERROR_TYPE, error.code.as_str());
    if error.is_retried_later() {
        response = response.header(headers::RETRY_AFTER, "1");
    }
    let bytes = serde_json::to_vec(&error.body()).expect("a struct of texts is always JSON");
    response
        .body(Body::from(Bytes::from(bytes)))
        .expect("the parts are all valid")
}
