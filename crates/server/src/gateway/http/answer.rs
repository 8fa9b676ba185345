//! What a function behind an HTTP API answered.

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::Response;
use serde::Deserialize;
use serde_json::Value;

use crate::gateway::answer::Answer;
use crate::http::Body;

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

/// The answer as HTTP. With a `statusCode` it says everything itself; without one it is the body,
/// as JSON, with `200`. What is neither is a fault of the function: none.
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
        default_type: "text/plain;charset=UTF-8",
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
        let base64 = r#"{"statusCode":200,"isBase64Encoded":true,"body":"%"}"#;
        assert_eq!(status(base64), None);
    }
}
