//! The answer of a function behind an HTTP API.

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::gateway::answer::Answer;
use crate::gateway::stream::with_prelude;
use crate::http::Body;

const TEXT: &str = "text/plain;charset=UTF-8";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Structured {
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

/// The answer as HTTP. With a `statusCode` it has all parts; without one, its JSON becomes the
/// body, with `200`. `None` for any other answer, which is a fault of the function.
pub(super) fn response(payload: &[u8]) -> Option<Response<Body>> {
    let value: Value = serde_json::from_slice(payload).ok()?;
    if value.get("statusCode").is_some() {
        return structured(value);
    }
    let body = match value {
        Value::String(text) => text.into_bytes(),
        other => other.to_string().into_bytes(),
    };
    let response = Response::builder()
        .header("content-type", "application/json")
        .body(Body::from(Bytes::from(body)))
        .expect("the parts are all valid");
    Some(response)
}

/// The answer of a function URL, which takes more: a streamed answer has a prelude, or is not JSON at all.
pub(super) fn url_response(payload: &[u8]) -> Option<Response<Body>> {
    if let Some(response) = with_prelude(payload) {
        return Some(response);
    }
    if serde_json::from_slice::<IgnoredAny>(payload).is_ok() {
        return response(payload);
    }
    let content_type = match std::str::from_utf8(payload) {
        Ok(_) => TEXT,
        Err(_) => "application/octet-stream",
    };
    let response = Response::builder()
        .header("content-type", content_type)
        .body(Body::from(Bytes::copy_from_slice(payload)))
        .expect("the parts are all valid");
    Some(response)
}

fn structured(value: Value) -> Option<Response<Body>> {
    let answer: Structured = serde_json::from_value(value).ok()?;
    let single = answer.headers.into_iter();
    let single = single.map(|(name, value)| (name, vec![value]));
    let cookies = answer.cookies.into_iter().map(Value::String).collect();
    let cookies = [("set-cookie".to_owned(), cookies)];
    let answer = Answer {
        status: answer.status_code,
        headers: single
            .chain(answer.multi_value_headers)
            .chain(cookies)
            .collect(),
        body: answer.body.unwrap_or_default(),
        is_base64: answer.is_base64_encoded,
        default_type: TEXT,
    };
    answer.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_api_gateway_reads_them() {
        let status = |payload: &str| {
            let response = response(payload.as_bytes());
            response.map(|response| response.status().as_u16())
        };
        assert_eq!(status(r#"{"statusCode":409,"body":"{}"}"#), Some(409));
        assert_eq!(status(r#"{"hello":"world"}"#), Some(200));
        assert_eq!(status(r#""text""#), Some(200));
        assert_eq!(status("not json"), None);
        assert_eq!(status(r#"{"statusCode":"many"}"#), None);
        assert_eq!(status(r#"{"statusCode":200,"headers":{"a b":"c"}}"#), None);
        let url = |payload: &[u8]| {
            let response = url_response(payload).expect("it is an answer");
            response.headers()["content-type"]
                .to_str()
                .expect("text")
                .to_owned()
        };
        assert_eq!(url(b"not json"), TEXT);
        assert_eq!(url(b"\xff"), "application/octet-stream");
        assert_eq!(url(b"{}"), "application/json");
        let base64 = r#"{"statusCode":200,"isBase64Encoded":true,"body":"%"}"#;
        assert_eq!(status(base64), None);
    }
}
