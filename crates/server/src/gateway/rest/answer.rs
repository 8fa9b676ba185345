//! The answer of a function behind a REST API.

use std::collections::BTreeMap;

use hyper::Response;
use serde::Deserialize;
use serde_json::Value;

use crate::gateway::answer::Answer;
use crate::http::Body;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Structured {
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

/// The answer as HTTP. `None` for an answer without the proxy integration's form, which is a fault
/// of the function. `takes_binary` says whether the client wants decoded base64, and the API allows
/// it.
pub(super) fn response(payload: &[u8], takes_binary: bool) -> Option<Response<Body>> {
    let answer: Structured = serde_json::from_slice(payload).ok()?;
    let status = match &answer.status_code {
        Value::String(text) => text.parse().ok()?,
        number => u16::try_from(number.as_u64()?).ok()?,
    };
    let mut headers: Vec<_> = answer
        .multi_value_headers
        .unwrap_or_default()
        .into_iter()
        .collect();
    // For a name in both, API Gateway sends all values, each once; names have no case.
    for (name, value) in answer.headers.unwrap_or_default() {
        let mut same = headers
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(&name));
        if !same.any(|(_, values)| values.contains(&value)) {
            headers.push((name, vec![value]));
        }
    }
    let answer = Answer {
        status,
        headers,
        body: answer.body.unwrap_or_default(),
        is_base64: answer.is_base64_encoded && takes_binary,
        default_type: "application/json",
    };
    answer.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_api_gateway_reads_them() {
        let status = |payload: &str, takes_binary: bool| {
            let response = response(payload.as_bytes(), takes_binary);
            response.map(|response| response.status().as_u16())
        };
        let text = |payload: &str| status(payload, true);
        assert_eq!(text(r#"{"statusCode":409,"body":"{}"}"#), Some(409));
        assert_eq!(text(r#"{"statusCode":"201"}"#), Some(201));
        assert_eq!(text(r#"{"statusCode":200,"headers":null}"#), Some(200));
        assert_eq!(text(r#"{"hello":"world"}"#), None);
        assert_eq!(text(r#"{"statusCode":200,"extra":1}"#), None);
        assert_eq!(text(r#"{"statusCode":200,"body":{}}"#), None);
        assert_eq!(text("not json"), None);
        let base64 = r#"{"statusCode":200,"isBase64Encoded":true,"body":"%"}"#;
        assert_eq!(text(base64), None);
        assert_eq!(status(base64, false), Some(200));
    }

    #[test]
    fn both_kinds_of_headers_are_merged() {
        let payload = br#"{
            "statusCode": 200,
            "headers": {"x-one": "a", "X-Two": "b", "x-three": "c"},
            "multiValueHeaders": {"X-One": ["a", "d"], "x-two": ["e"]}
        }"#;
        let response = response(payload, true).expect("it has the form");
        let all = |name: &str| -> Vec<_> {
            let values = response.headers().get_all(name).into_iter();
            values.map(|value| value.to_str().expect("text")).collect()
        };
        assert_eq!(all("x-one"), ["a", "d"]);
        assert_eq!(all("x-two"), ["e", "b"]);
        assert_eq!(all("x-three"), ["c"]);
    }
}
