//! What a function behind an HTTP API answered, as HTTP.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue, SET_COOKIE};
use hyper::{Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use crate::http::Body;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    #[serde(default)]
    multi_value_headers: BTreeMap<String, Vec<Value>>,
    #[serde(default)]
    cookies: Vec<String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The answer as HTTP. With a `statusCode` it says everything itself; without one it is the body,
/// as JSON, with `200`. What is neither is a fault of the function.
pub(super) fn response(payload: &[u8]) -> Response<Body> {
    let Ok(value) = serde_json::from_slice::<Value>(payload) else {
        return message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    };
    if value.get("statusCode").is_none() {
        let body = match value {
            Value::String(text) => text.into_bytes(),
            other => other.to_string().into_bytes(),
        };
        return Response::builder()
            .header("content-type", "application/json")
            .body(Body::from(Bytes::from(body)))
            .expect("the parts are all valid");
    }
    structured(value)
        .unwrap_or_else(|| message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"))
}

fn structured(value: Value) -> Option<Response<Body>> {
    let answer: Answer = serde_json::from_value(value).ok()?;
    let text = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded {
        STANDARD.decode(text).ok()?
    } else {
        text.into()
    };
    let mut response = Response::new(Body::from(Bytes::from(body)));
    *response.status_mut() = StatusCode::from_u16(answer.status_code).ok()?;
    let headers = response.headers_mut();
    let single = answer
        .headers
        .into_iter()
        .map(|(name, value)| (name, vec![value]));
    for (name, values) in single.chain(answer.multi_value_headers) {
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
    for cookie in answer.cookies {
        headers.append(SET_COOKIE, HeaderValue::from_str(&cookie).ok()?);
    }
    if !headers.contains_key("content-type") {
        headers.insert(
            "content-type",
            HeaderValue::from_static("text/plain;charset=UTF-8"),
        );
    }
    Some(response)
}

/// An answer of the gateway itself.
pub(super) fn message(status: StatusCode, text: &str) -> Response<Body> {
    crate::http::json(status, &serde_json::json!({ "message": text }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_api_gateway_reads_them() {
        let status = |payload: &str| response(payload.as_bytes()).status().as_u16();
        assert_eq!(status(r#"{"statusCode":409,"body":"{}"}"#), 409);
        assert_eq!(status(r#"{"hello":"world"}"#), 200);
        assert_eq!(status(r#""text""#), 200);
        assert_eq!(status("not json"), 500);
        assert_eq!(status(r#"{"statusCode":"many"}"#), 500);
        assert_eq!(status(r#"{"statusCode":200,"headers":{"a b":"c"}}"#), 500);
        assert_eq!(
            status(r#"{"statusCode":200,"isBase64Encoded":true,"body":"%"}"#),
            500
        );
    }
}
