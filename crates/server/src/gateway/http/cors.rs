//! CORS, answered by the gateway itself when the HTTP API configures it.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderName, HeaderValue, ORIGIN, VARY,
};
use hyper::{HeaderMap, Method, Response, StatusCode};
use stack::Cors;

use crate::http::Body;

/// Whether the configuration allows an origin. `*` may also stand for all hosts of a scheme, as in `https://*`.
pub(super) fn allows(cors: &Cors, origin: &str) -> bool {
    cors.allow_origins
        .iter()
        .any(|allowed| match allowed.strip_suffix('*') {
            Some(prefix) => origin.starts_with(prefix),
            None => allowed == origin,
        })
}

/// The answer to a preflight request; `None` for another request.
pub(super) fn preflight(
    cors: &Cors,
    method: &Method,
    headers: &HeaderMap,
) -> Option<Response<Body>> {
    let asks = *method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if !asks {
        return None;
    }
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let added = decorate(cors, headers, &mut response);
    if added {
        let answer = response.headers_mut();
        set(
            answer,
            ACCESS_CONTROL_ALLOW_METHODS,
            &cors.allow_methods.join(","),
        );
        set(
            answer,
            ACCESS_CONTROL_ALLOW_HEADERS,
            &cors.allow_headers.join(","),
        );
        if let Some(age) = cors.max_age {
            set(answer, ACCESS_CONTROL_MAX_AGE, &age.as_secs().to_string());
        }
    }
    Some(response)
}

/// Tells the browser whether the page may see the answer. The function's own CORS headers do not
/// count, as in API Gateway.
pub(super) fn decorate(cors: &Cors, request: &HeaderMap, response: &mut Response<Body>) -> bool {
    let Some(origin) = request.get(ORIGIN).and_then(|origin| origin.to_str().ok()) else {
        return false;
    };
    if !allows(cors, origin) {
        return false;
    }
    let headers = response.headers_mut();
    let any = cors.allow_origins.iter().any(|allowed| allowed == "*") && !cors.allow_credentials;
    set(
        headers,
        ACCESS_CONTROL_ALLOW_ORIGIN,
        if any { "*" } else { origin },
    );
    if !any {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    if cors.allow_credentials {
        set(headers, ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    set(
        headers,
        ACCESS_CONTROL_EXPOSE_HEADERS,
        &cors.expose_headers.join(","),
    );
    true
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Some(value) = HeaderValue::from_str(value)
        .ok()
        .filter(|value| !value.is_empty())
    {
        headers.insert(name, value);
    }
}
