//! The event for a function behind a REST API: the proxy integration's, which is payload format
//! 1.0.
//!
//! Source: API Gateway developer guide, "Input format of a Lambda function for proxy integration",
//! read 2026-11.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::CONTENT_TYPE;
use serde_json::{Value, json};
use stack::{RestApiResource, RouteKey};

use crate::gateway::request::Incoming;

type Values = BTreeMap<String, Vec<String>>;

/// The event as JSON.
pub(super) fn event(api: &RestApiResource, incoming: &Incoming<'_>) -> Vec<u8> {
    let RouteKey::Path { path: resource, .. } = &incoming.call.route.key else {
        unreachable!("every route of a REST API has a path");
    };
    let headers = headers(incoming);
    let query = gathered(incoming.parameters());
    let (domain_name, domain_prefix) = incoming.domain();
    let content_type = incoming.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    let body = incoming.body;
    let is_base64_encoded = !body.is_empty() && is_binary(api, content_type);
    let body = match (body.is_empty(), is_base64_encoded) {
        (true, _) => Value::Null,
        (false, true) => STANDARD.encode(body).into(),
        (false, false) => String::from_utf8_lossy(body).into(),
    };
    let method = incoming.parts.method.as_str();
    let key = incoming.caller.api_key.as_ref();
    let mut event = json!({
        "resource": resource,
        "path": incoming.call.path,
        "httpMethod": method,
        "headers": last(&headers),
        "multiValueHeaders": headers,
        "queryStringParameters": or_null(last(&query)),
        "multiValueQueryStringParameters": or_null(query),
        "pathParameters": or_null(incoming.call.path_parameters.clone()),
        "stageVariables": or_null(api.stage_variables.clone()),
        "requestContext": {
            "resourceId": resource_id(resource),
            "resourcePath": resource,
            "httpMethod": method,
            "extendedRequestId": incoming.request_id,
            "requestTime": incoming.time(),
            "path": incoming.parts.uri.path(),
            "accountId": incoming.account_id,
            "protocol": "HTTP/1.1",
            "stage": api.stage_name,
            "domainPrefix": domain_prefix,
            "requestTimeEpoch": incoming.now.as_millis(),
            "requestId": incoming.request_id,
            "identity": {
                "cognitoIdentityPoolId": null,
                "accountId": null,
                "cognitoIdentityId": null,
                "caller": null,
                "sourceIp": incoming.source_ip,
                "principalOrgId": null,
                "accessKey": null,
                "cognitoAuthenticationType": null,
                "cognitoAuthenticationProvider": null,
                "userArn": null,
                "userAgent": incoming.user_agent(),
                "user": null,
            },
            "domainName": domain_name,
            "apiId": api.api_id,
        },
        "body": body,
        "isBase64Encoded": is_base64_encoded,
    });
    let context = &mut event["requestContext"];
    if !incoming.caller.authorizer.is_null() {
        context["authorizer"] = incoming.caller.authorizer.clone();
    }
    if let Some(key) = key {
        context["identity"]["apiKey"] = key.value.as_str().into();
        context["identity"]["apiKeyId"] = key.id.as_str().into();
    }
    event.to_string().into_bytes()
}

/// Whether the API takes a media type for binary.
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

/// Names are written as clients of HTTP/1.1 usually do, `Content-Type`: functions look for them so.
fn headers(incoming: &Incoming<'_>) -> Values {
    let own = incoming.parts.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (title_case(name.as_str()), value)
    });
    let mut headers = gathered(own);
    let added = incoming.added_headers();
    headers.extend(added.map(|(name, value)| (title_case(name), vec![value.to_owned()])));
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

/// All values by name.
fn gathered(pairs: impl Iterator<Item = (String, String)>) -> Values {
    let mut all = Values::new();
    for (name, value) in pairs {
        all.entry(name).or_default().push(value);
    }
    all
}

/// The last value of each name.
fn last(values: &Values) -> BTreeMap<String, String> {
    let last =
        |(name, values): (&String, &Vec<String>)| Some((name.clone(), values.last()?.clone()));
    values.iter().filter_map(last).collect()
}

/// Format 1.0 has `null` for empty maps.
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
