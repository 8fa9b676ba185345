//! The event for a function behind an HTTP API: payload format 2.0.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{CONTENT_TYPE, COOKIE};
use serde::Serialize;
use serde_json::Value;

use super::HttpFace;
use crate::gateway::request::Incoming;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'static str,
    route_key: String,
    raw_path: &'a str,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    path_parameters: &'a BTreeMap<String, String>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    account_id: &'a str,
    api_id: &'a str,
    #[serde(skip_serializing_if = "Value::is_null")]
    authorizer: &'a Value,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: &'a str,
    route_key: String,
    stage: &'a str,
    time: String,
    time_epoch: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: &'a str,
    protocol: &'static str,
    source_ip: &'a str,
    user_agent: &'a str,
}

/// The event as JSON.
pub(super) fn event(api: &HttpFace, incoming: &Incoming<'_>) -> Vec<u8> {
    let uri = &incoming.parts.uri;
    let path = uri.path();
    let route_key = incoming.call.route.key.to_string();
    let (domain_name, domain_prefix) = incoming.domain();
    let content_type = incoming.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    let (body, is_base64_encoded) = body_text(incoming.body, content_type);
    let event = Event {
        version: "2.0",
        route_key: route_key.clone(),
        raw_path: path,
        raw_query_string: uri.query().unwrap_or_default(),
        cookies: cookies(incoming),
        headers: headers(incoming),
        query_string_parameters: joined(incoming.parameters()),
        request_context: RequestContext {
            account_id: incoming.account_id,
            api_id: &api.api_id,
            authorizer: &incoming.caller.authorizer,
            domain_name,
            domain_prefix,
            http: Http {
                method: incoming.parts.method.as_str(),
                path,
                protocol: "HTTP/1.1",
                source_ip: &incoming.source_ip,
                user_agent: incoming.user_agent().unwrap_or_default(),
            },
            request_id: incoming.request_id,
            route_key,
            stage: &api.stage_name,
            time: incoming.time(),
            time_epoch: incoming.now.as_millis(),
        },
        body,
        path_parameters: &incoming.call.path_parameters,
        is_base64_encoded,
    };
    serde_json::to_vec(&event).expect("a struct of texts is always JSON")
}

/// Header names in lower case; cookies have a member of their own.
fn headers(incoming: &Incoming<'_>) -> BTreeMap<String, String> {
    let own = incoming.parts.headers.iter();
    let own = own
        .filter(|(name, _)| *name != COOKIE)
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
    let mut headers = joined(own);
    let added = incoming.added_headers();
    headers.extend(added.map(|(name, value)| (name.to_owned(), value.to_owned())));
    headers
}

fn cookies(incoming: &Incoming<'_>) -> Vec<String> {
    let values = incoming.parts.headers.get_all(COOKIE).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split("; "))
        .map(str::to_owned)
        .collect()
}

/// Values by name, repeated ones joined by commas.
fn joined(pairs: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in pairs {
        all.entry(name)
            .and_modify(|joined| {
                joined.push(',');
                joined.push_str(&value);
            })
            .or_insert(value);
    }
    all
}

/// Text as it is, other bodies in base64. As in API Gateway, the content type decides.
fn body_text(body: &[u8], content_type: &str) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let textual = kind.is_empty()
        || kind.starts_with("text/")
        || matches!(
            kind,
            "application/json"
                | "application/javascript"
                | "application/xml"
                | "application/x-www-form-urlencoded"
        )
        || kind.ends_with("+json")
        || kind.ends_with("+xml");
    match std::str::from_utf8(body) {
        Ok(text) if textual => (Some(text.to_owned()), false),
        Ok(_) | Err(_) => (Some(STANDARD.encode(body)), true),
    }
}
