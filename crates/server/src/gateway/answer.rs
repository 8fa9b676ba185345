//! Answers as HTTP: a function's, and the gateway's own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::Value;

use crate::http::Body;

/// The parts of a function's answer.
pub(super) struct Answer {
    pub status: u16,
    /// Names with their values, in their order.
    pub headers: Vec<(String, Vec<Value>)>,
    pub body: String,
    /// Whether the body is base64.
    pub is_base64: bool,
    /// The content type where the function names none.
    pub default_type: &'static str,
}

impl Answer {
    /// The answer as HTTP; `None` when it is not valid HTTP, which is a fault of the function.
    pub fn into_response(self) -> Option<Response<Body>> {
        let body = if self.is_base64 {
            STANDARD.decode(self.body).ok()?
        } else {
            self.body.into()
        };
        let mut response = Response::new(Body::from(Bytes::from(body)));
        *response.status_mut() = StatusCode::from_u16(self.status).ok()?;
        let headers = response.headers_mut();
        for (name, values) in self.headers {
            let name: HeaderName = name.parse().ok()?;
            // The body is sent in one piece; the function's headers about its framing would be wrong.
            if matches!(
                name.as_str(),
                "content-length" | "transfer-encoding" | "connection"
            ) {
                continue;
            }
            for value in values {
                let value = match value {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                headers.append(name.clone(), HeaderValue::from_str(&value).ok()?);
            }
        }
        if !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.default_type));
        }
        Some(response)
    }
}

/// An answer of the gateway itself.
pub(super) fn message(status: StatusCode, text: &str) -> Response<Body> {
    crate::http::json(status, &serde_json::json!({ "message": text }))
}
