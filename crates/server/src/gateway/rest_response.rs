//! What a function behind a REST API answered, as HTTP.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::response::message;
use crate::http::Body;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Answer {
    status_code: Value,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    multi_value_headers: Option<BTreeMap<String, Vec<Value>>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The answer as HTTP. What does not have the proxy integration's form is a fault of the function.
/// `takes_binary` says whether the client wants, and the API allows, what base64 stands for.
pub(super) fn response(payload: &[u8], takes_binary: bool) -> Response<Body> {
    read(payload, takes_binary).unwrap_or_else(malformed)
}

/// What API Gateway says when a function fails or answers in another form.
pub(super) fn malformed() -> Response<Body> {
    message(StatusCode::BAD_GATEWAY, "Internal server error")
}

fn read(payload: &[u8], takes_binary: bool) -> Option<Response<Body>> {
    let answer: Answer = serde_json::from_slice(payload).ok()?;
    let status = match &answer.status_code {
        Value::String(text) => text.parse().ok()?,
        number => u16::try_from(number.as_u64()?).ok()?,
    };
    let text = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded && takes_binary {
        STANDARD.decode(text).ok()?
    } else {
        text.into()
    };
    let mut response = Response::new(Body::from(Bytes::from(body)));
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    let headers = response.headers_mut();
    let multiple = answer.multi_value_headers.unwrap_or_default();
    let single = answer.headers.unwrap_or_default().into_iter();
    // A name that is in both is the multiple one's.
    let single = single.filter(|(name, _)| !multiple.contains_key(name));
    let single: Vec<_> = single.map(|(name, value)| (name, vec![value])).collect();
    for (name, values) in single.into_iter().chain(multiple) {
        let name: HeaderName = name.parse().ok()?;
        // The body is sent in one piece; what the function says about its framing would be wrong.
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
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_api_gateway_reads_them() {
        let status = |payload: &str| response(payload.as_bytes(), true).status().as_u16();
        assert_eq!(status(r#"{"statusCode":409,"body":"{}"}"#), 409);
        assert_eq!(status(r#"{"statusCode":"201"}"#), 201);
        assert_eq!(status(r#"{"statusCode":200,"headers":null}"#), 200);
        assert_eq!(status(r#"{"hello":"world"}"#), 502);
        assert_eq!(status(r#"{"statusCode":200,"extra":1}"#), 502);
        assert_eq!(status(r#"{"statusCode":200,"body":{}}"#), 502);
        assert_eq!(status("not json"), 502);
        let base64 = r#"{"statusCode":200,"isBase64Encoded":true,"body":"%"}"#;
        assert_eq!(status(base64), 502);
        assert_eq!(response(base64.as_bytes(), false).status().as_u16(), 200);
    }
}
