//! The event that a function behind an HTTP API is given: payload format 2.0.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{CONTENT_TYPE, COOKIE, HOST, USER_AGENT};
use hyper::http::request::Parts;
use model::Timestamp;
use serde::Serialize;

use super::described::Described;
use super::routes::Match;
use crate::http::decode;

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
    source_ip: String,
    user_agent: &'a str,
}

/// What surrounds a request.
pub(super) struct Surroundings<'a> {
    pub api: &'a Described,
    pub account_id: &'a str,
    pub request_id: &'a str,
    pub trace_header: &'a str,
    pub source_ip: String,
    pub now: Timestamp,
}

/// The event as JSON.
pub(super) fn event(
    request: &Parts,
    body: &[u8],
    found: &Match<'_>,
    around: &Surroundings<'_>,
) -> Vec<u8> {
    let path = request.uri.path();
    let query = request.uri.query().unwrap_or_default();
    let text = |name| {
        request
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let route_key = found.route.key.to_string();
    let domain_name = text(HOST).unwrap_or_default();
    let (body, is_base64_encoded) = body_text(body, text(CONTENT_TYPE).unwrap_or_default());
    let at = jiff::Timestamp::from_millisecond(around.now.as_millis()).unwrap_or_default();
    let event = Event {
        version: "2.0",
        route_key: route_key.clone(),
        raw_path: path,
        raw_query_string: query,
        cookies: cookies(request),
        headers: headers(request, around),
        query_string_parameters: parameters(query),
        request_context: RequestContext {
            account_id: around.account_id,
            api_id: &around.api.api_id,
            domain_name,
            domain_prefix: domain_name.split(['.', ':']).next().unwrap_or_default(),
            http: Http {
                method: request.method.as_str(),
                path,
                protocol: "HTTP/1.1",
                source_ip: around.source_ip.clone(),
                user_agent: text(USER_AGENT).unwrap_or_default(),
            },
            request_id: around.request_id,
            route_key,
            stage: &around.api.stage_name,
            time: at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            time_epoch: around.now.as_millis(),
        },
        body,
        path_parameters: &found.path_parameters,
        is_base64_encoded,
    };
    serde_json::to_vec(&event).expect("a struct of texts is always JSON")
}

/// Header names in lower case, repeated ones joined by commas; cookies have a member of their own.
fn headers(request: &Parts, around: &Surroundings<'_>) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in &request.headers {
        if name == COOKIE {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        headers
            .entry(name.as_str().to_owned())
            .and_modify(|joined| {
                joined.push(',');
                joined.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    headers.insert("x-amzn-trace-id".to_owned(), around.trace_header.to_owned());
    headers.insert("x-forwarded-for".to_owned(), around.source_ip.clone());
    headers.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    headers
}

fn cookies(request: &Parts) -> Vec<String> {
    let values = request
        .headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split("; "))
        .map(str::to_owned)
        .collect()
}

/// Query parameters, decoded, repeated ones joined by commas.
fn parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |text: &str| decode(&text.replace('+', " ")).unwrap_or_default();
        let value = decoded(value);
        parameters
            .entry(decoded(name))
            .and_modify(|joined| {
                joined.push(',');
                joined.push_str(&value);
            })
            .or_insert(value);
    }
    parameters
}

/// Text as it is, anything else in base64. API Gateway goes by the content type.
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
