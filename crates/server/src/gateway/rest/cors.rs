//! CORS of REST APIs: a method `OPTIONS` that SAM adds to every resource. The function decides
//! whether a page may read any other answer, as on AWS.

use hyper::header::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use stack::RestCors;

use super::routes::Found;
use crate::http::Body;

/// Whether pages of an origin may send changing requests to the API.
pub(super) fn allows(cors: &RestCors, origin: &str) -> bool {
    cors.allow_origin == "*" || cors.allow_origin == origin
}

/// The answer to `OPTIONS`, for every caller.
pub(super) fn options(cors: &RestCors, found: &Found<'_>) -> Response<Body> {
    let methods = cors.allow_methods.clone();
    let methods = methods.unwrap_or_else(|| found.allow_methods());
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    let credentials = cors.allow_credentials.then_some("true");
    for (name, value) in [
        ("content-type", Some("application/json")),
        (
            "access-control-allow-origin",
            Some(cors.allow_origin.as_str()),
        ),
        ("access-control-allow-methods", Some(methods.as_str())),
        (
            "access-control-allow-headers",
            cors.allow_headers.as_deref(),
        ),
        ("access-control-max-age", cors.max_age.as_deref()),
        ("access-control-allow-credentials", credentials),
    ] {
        let value = value.and_then(|value| HeaderValue::from_str(value).ok());
        if let Some(value) = value {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}
