//! Routes that call Step Functions, without a function in between.
//!
//! Source: API Gateway developer guide, "Integration subtype reference" and "Transform API requests and responses for HTTP
//! APIs", read 2026-11-29.

use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Map, Value};
use stack::StatesIntegration;

use super::rest::Exchange;
use crate::app::App;
use crate::http::Body;
use crate::states;

/// Calls Step Functions as an integration says. `event` is the event that a function would get; it has all of the
/// request.
pub(super) async fn call(
    app: &Arc<App>,
    integration: &StatesIntegration,
    event: &[u8],
    body: &[u8],
) -> Response<Body> {
    let action = &integration.action;
    let Some(templates) = &integration.templates else {
        let request = request(integration, event, body);
        let (status, answer) = states::call(app, action, &request).await;
        return json(status, &answer);
    };
    let exchange = Exchange::new(templates, event, body);
    let request = match exchange.event() {
        Ok(request) => request,
        Err(answer) => return *answer,
    };
    let request: Value = serde_json::from_slice(&request).unwrap_or_default();
    let (status, answer) = states::call(app, action, &request).await;
    exchange.answer(answer.to_string().as_bytes(), Some(status.as_str()))
}

fn json(status: StatusCode, answer: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(Bytes::from(answer.to_string())));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// The request from an integration's parameters.
fn request(integration: &StatesIntegration, event: &[u8], body: &[u8]) -> Value {
    let event: Value = serde_json::from_slice(event).unwrap_or_default();
    let mut request = Map::new();
    for (name, from) in &integration.parameters {
        let mut letters = name.chars();
        let Some(first) = letters.next() else {
            continue;
        };
        let member = format!("{}{}", first.to_ascii_lowercase(), letters.as_str());
        if let Some(value) = value(from, &event, body) {
            request.insert(member, Value::String(value));
        }
    }
    Value::Object(request)
}

/// The value of a parameter: a part of the request, or the text itself.
fn value(from: &str, event: &Value, body: &[u8]) -> Option<String> {
    let Some(selected) = from.strip_prefix('$') else {
        return Some(from.to_owned());
    };
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let member = |of: &Value, name: &str| {
        let mut members = of.as_object()?.iter();
        text(
            members
                .find(|(known, _)| known.eq_ignore_ascii_case(name))?
                .1,
        )
    };
    let (part, name) = match selected.strip_prefix("request.") {
        Some(rest) => rest
            .split_once('.')
            .map_or((rest, None), |(part, name)| (part, Some(name))),
        None => ("context", selected.strip_prefix("context.")),
    };
    match (part, name) {
        ("body", None) => Some(String::from_utf8_lossy(body).into_owned()),
        ("body", Some(path)) => {
            let body: Value = serde_json::from_slice(body).ok()?;
            text(body.pointer(&format!("/{}", path.replace('.', "/")))?)
        }
        ("path", None) => text(&event["rawPath"]),
        ("header", Some(name)) => member(&event["headers"], name),
        ("querystring", Some(name)) => member(&event["queryStringParameters"], name),
        ("path", Some(name)) => member(&event["pathParameters"], name),
        ("context", Some(name)) => text(&event["requestContext"][name]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_are_parts_of_the_request_or_themselves() {
        let event = json!({
            "rawPath": "/orders/7",
            "headers": { "x-name": "n-1" },
            "pathParameters": { "id": "7" },
            "queryStringParameters": { "q": "2" },
            "requestContext": { "requestId": "r" },
        });
        let of = |from: &str| value(from, &event, br#"{"a": {"b": [1]}, "c": "d"}"#);
        let found = |text: &str| Some(text.to_owned());
        assert_eq!(of("arn:aws:states"), found("arn:aws:states"));
        assert_eq!(of("$request.body"), found(r#"{"a": {"b": [1]}, "c": "d"}"#));
        assert_eq!(of("$request.body.a.b"), found("[1]"));
        assert_eq!(of("$request.body.c"), found("d"));
        assert_eq!(of("$request.header.X-Name"), found("n-1"));
        assert_eq!(of("$request.path.id"), found("7"));
        assert_eq!(of("$request.path"), found("/orders/7"));
        assert_eq!(of("$request.querystring.q"), found("2"));
        assert_eq!(of("$context.requestId"), found("r"));
        assert_eq!(of("$request.header.other"), None);
        assert_eq!(of("$other"), None);
    }
}
