//! Requests and responses of API Gateway: payload format 2.0.
//! Source: API Gateway Developer Guide, "Working with AWS Lambda proxy integrations for HTTP APIs" (read 2026-11-23).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Largest body that is read, in bytes. An application has a few hundred.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// One request of a client.
#[derive(Debug, PartialEq)]
pub struct Request {
    /// `GET`, `POST`, ...
    pub method: String,
    /// The path, beginning with a slash.
    pub path: String,
    /// The id that API Gateway gave the request.
    pub request_id: String,
    /// The body.
    pub body: Body,
}

/// The body of a request.
#[derive(Debug, PartialEq)]
pub enum Body {
    /// The bytes as sent; empty if there was no body.
    Bytes(Vec<u8>),
    /// It was declared as base64 and is not.
    Undecodable,
    /// It exceeds [`BODY_BYTES_MAX`].
    TooLarge,
}

/// The event did not come from an HTTP API with payload format 2.0.
#[derive(Debug, thiserror::Error)]
#[error("read the event: it is no HTTP API request of payload format 2.0 ({cause})")]
pub struct ReadRequestError {
    cause: serde_json::Error,
}

impl Request {
    /// Reads the event.
    ///
    /// # Errors
    ///
    /// When it is not a request of payload format 2.0.
    pub fn from_event(event: &Value) -> Result<Self, ReadRequestError> {
        let event = Event::deserialize(event).map_err(|cause| ReadRequestError { cause })?;
        let text = event.body.unwrap_or_default();
        let body = if !event.is_base64_encoded {
            bounded(text.into_bytes())
        } else if text.len() > BODY_BYTES_MAX.div_ceil(3) * 4 {
            // Checked by its length, so that ten megabytes are not decoded only to be discarded.
            Body::TooLarge
        } else {
            STANDARD.decode(text).map_or(Body::Undecodable, bounded)
        };
        Ok(Self {
            method: event.request_context.http.method,
            path: event.raw_path,
            request_id: event.request_context.request_id,
            body,
        })
    }
}

fn bounded(bytes: Vec<u8>) -> Body {
    if bytes.len() > BODY_BYTES_MAX {
        Body::TooLarge
    } else {
        Body::Bytes(bytes)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    raw_path: String,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
    request_context: RequestContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    http: Http,
    request_id: String,
}

#[derive(Deserialize)]
struct Http {
    method: String,
}

/// The document that API Gateway turns into the HTTP response.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// The HTTP status.
    pub status_code: u16,
    /// Header fields, in lower case.
    pub headers: BTreeMap<&'static str, String>,
    /// JSON.
    pub body: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(body: &str, base64: bool) -> Value {
        json!({
            "version": "2.0", "routeKey": "POST /apply", "rawPath": "/apply", "rawQueryString": "",
            "headers": { "content-type": "application/json" },
            "requestContext": { "http": { "method": "POST", "path": "/apply" }, "requestId": "gateway-1" },
            "body": body, "isBase64Encoded": base64,
        })
    }

    #[test]
    fn plain_and_base64_bodies_are_the_same() {
        let plain = Request::from_event(&event("{\"name\":\"é\"}", false)).unwrap();
        let encoded =
            Request::from_event(&event(&STANDARD.encode("{\"name\":\"é\"}"), true)).unwrap();
        assert_eq!(plain, encoded);
        assert_eq!(
            (plain.method.as_str(), plain.path.as_str()),
            ("POST", "/apply")
        );
        assert_eq!(plain.request_id, "gateway-1");
    }

    #[test]
    fn bodies_of_all_kinds_are_told_apart() {
        assert_eq!(
            Request::from_event(&event("%%%", true)).unwrap().body,
            Body::Undecodable
        );
        let fits = "x".repeat(BODY_BYTES_MAX);
        assert_eq!(
            Request::from_event(&event(&STANDARD.encode(&fits), true))
                .unwrap()
                .body,
            Body::Bytes(fits.into())
        );
        let large = "x".repeat(BODY_BYTES_MAX + 1);
        assert_eq!(
            Request::from_event(&event(&large, false)).unwrap().body,
            Body::TooLarge
        );
        assert_eq!(
            Request::from_event(&event(&STANDARD.encode(&large), true))
                .unwrap()
                .body,
            Body::TooLarge
        );
    }

    #[test]
    fn other_events_are_errors() {
        for event in [
            json!({}),
            json!([]),
            json!({ "httpMethod": "GET", "path": "/" }),
        ] {
            let error = Request::from_event(&event).unwrap_err();
            assert!(error.to_string().contains("payload format 2.0"), "{error}");
        }
    }
}
