//! The event that a function behind a REST API is given: the proxy integration's, which is payload
//! format 1.0.
//!
//! Source: API Gateway developer guide, "Input format of a Lambda function for proxy integration",
//! read 2026-11.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::http::request::Parts;
use model::Timestamp;
use serde_json::{Value, json};
use stack::RestApiResource;

use super::rest_routes::Found;
use crate::http::decode;

/// What surrounds a request.
pub(super) struct Surroundings<'a> {
    pub api: &'a RestApiResource,
    pub account_id: &'a str,
    pub request_id: &'a str,
    pub trace_header: &'a str,
    pub source_ip: String,
    pub now: Timestamp,
    /// The path behind the stage.
    pub path: &'a str,
}

type Values = BTreeMap<String, Vec<String>>;

/// The event as JSON.
pub(super) fn event(
    request: &Parts,
    body: &[u8],
    found: &Found<'_>,
    around: &Surroundings<'_>,
) -> Vec<u8> {
    let text = |name| {
        let value = request.headers.get(name);
        value.and_then(|value| value.to_str().ok())
    };
    let headers = headers(request, around);
    let query = parameters(request.uri.query().unwrap_or_default());
    let domain_name = text(HOST).unwrap_or_default();
    let content_type = text(CONTENT_TYPE).unwrap_or_default();
    let is_base64_encoded = !body.is_empty() && is_binary(around.api, content_type);
    let body = match (body.is_empty(), is_base64_encoded) {
        (true, _) => Value::Null,
        (false, true) => STANDARD.encode(body).into(),
        (false, false) => String::from_utf8_lossy(body).into(),
    };
    let at = jiff::Timestamp::from_millisecond(around.now.as_millis()).unwrap_or_default();
    let method = request.method.as_str();
    let event = json!({
        "resource": found.resource,
        "path": around.path,
        "httpMethod": method,
        "headers": last(&headers),
        "multiValueHeaders": headers,
        "queryStringParameters": or_null(last(&query)),
        "multiValueQueryStringParameters": or_null(query),
        "pathParameters": or_null(found.path_parameters.clone()),
        "stageVariables": or_null(around.api.stage_variables.clone()),
        "requestContext": {
            "resourceId": resource_id(found.resource),
            "resourcePath": found.resource,
            "httpMethod": method,
            "extendedRequestId": around.request_id,
            "requestTime": at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "path": request.uri.path(),
            "accountId": around.account_id,
            "protocol": "HTTP/1.1",
            "stage": around.api.stage_name,
            "domainPrefix": domain_name.split(['.', ':']).next().unwrap_or_default(),
            "requestTimeEpoch": around.now.as_millis(),
            "requestId": around.request_id,
            "identity": {
                "cognitoIdentityPoolId": null,
                "accountId": null,
                "cognitoIdentityId": null,
                "caller": null,
                "sourceIp": around.source_ip,
                "principalOrgId": null,
                "accessKey": null,
                "cognitoAuthenticationType": null,
                "cognitoAuthenticationProvider": null,
                "userArn": null,
                "userAgent": text(USER_AGENT),
                "user": null,
            },
            "domainName": domain_name,
            "apiId": around.api.api_id,
        },
        "body": body,
        "isBase64Encoded": is_base64_encoded,
    });
    event.to_string().into_bytes()
}

/// Whether a media type is one that the API takes for binary.
pub(super) fn is_binary(api: &RestApiResource, media_type: &str) -> bool {
    let kind = media_type
        .split([';', ','])
        .next()
        .unwrap_or_default()
        .trim();
    let mut types = api.binary_media_types.iter();
    types.any(|it| match it.strip_suffix("/*") {
        Some("*") => true,
        Some(family) => kind.split('/').next() == Some(family),
        None => it.eq_ignore_ascii_case(kind),
    })
}

/// Names as clients of HTTP/1.1 usually write them, `Content-Type`: functions look for them so.
fn headers(request: &Parts, around: &Surroundings<'_>) -> Values {
    let mut headers = Values::new();
    for (name, value) in &request.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers
            .entry(title_case(name.as_str()))
            .or_default()
            .push(value);
    }
    for (name, value) in [
        ("X-Amzn-Trace-Id", around.trace_header),
        ("X-Forwarded-For", &around.source_ip),
        ("X-Forwarded-Proto", "http"),
    ] {
        headers.insert(name.to_owned(), vec![value.to_owned()]);
    }
    headers
}

fn title_case(name: &str) -> String {
    let word = |word: &str| {
        let mut characters = word.chars();
        let first = characters.next().map(|it| it.to_ascii_uppercase());
        first.into_iter().chain(characters).collect::<String>()
    };
    let words: Vec<String> = name.split('-').map(word).collect();
    words.join("-")
}

fn parameters(query: &str) -> Values {
    let mut parameters = Values::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |text: &str| decode(&text.replace('+', " ")).unwrap_or_default();
        parameters
            .entry(decoded(name))
            .or_default()
            .push(decoded(value));
    }
    parameters
}

/// The last value of each.
fn last(values: &Values) -> BTreeMap<String, String> {
    let last =
        |(name, values): (&String, &Vec<String>)| Some((name.clone(), values.last()?.clone()));
    values.iter().filter_map(last).collect()
}

/// What is empty is `null` in format 1.0.
fn or_null<V: serde::Serialize>(map: BTreeMap<String, V>) -> Value {
    if map.is_empty() {
        return Value::Null;
    }
    serde_json::to_value(map).expect("a map of texts is always JSON")
}

/// Six letters and digits, the same for the same path.
fn resource_id(path: &str) -> String {
    use sha2::Digest as _;
    const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let digest = sha2::Sha256::digest(path.as_bytes());
    let digits = digest.iter().take(6);
    digits
        .map(|byte| char::from(DIGITS[usize::from(*byte) % DIGITS.len()]))
        .collect()
}
