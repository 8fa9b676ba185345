//! `HttpApi` and `Api` events of functions: the routes of APIs.

use std::time::Duration;

use crate::template::{Entry, Fields, Kind, Known, Node, Resolver, ignored, used};
use crate::{Route, RouteKey, RouteMethod};

/// How long an HTTP API waits for a function, at most and by default.
/// Source: API Gateway developer guide, "Quotas for HTTP APIs", read 2026-11-23.
pub(super) const HTTP_API_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a REST API waits for a function by default.
/// Source: API Gateway developer guide, "Quotas for REST APIs", read 2026-11-23.
pub(super) const REST_API_TIMEOUT: Duration = Duration::from_secs(29);

/// More than any quota that an account can ask for: an API can be allowed to wait longer.
const REST_API_TIMEOUT_MILLIS_MAX: u32 = 900_000;

const HTTP_API_PROPERTIES: [Known; 7] = [
    used("ApiId"),
    used("Method"),
    used("Path"),
    used("PayloadFormatVersion"),
    used("TimeoutInMillis"),
    ignored(
        "Auth",
        "requests are not authorised here: the route is open",
    ),
    ignored(
        "RouteSettings",
        "requests are neither throttled nor measured",
    ),
];

const REST_API_PROPERTIES: [Known; 9] = [
    used("Method"),
    used("Path"),
    used("RestApiId"),
    used("TimeoutInMillis"),
    ignored(
        "Auth",
        "requests are not authorised here: the route is open",
    ),
    ignored("RequestModel", "requests are not checked against a model"),
    ignored("RequestParameters", "required parameters are not checked"),
    ignored("RequestValidator", "requests are not checked"),
    ignored(
        "ResponseTransferMode",
        "answers are sent when they are complete",
    ),
];

/// The API and the route of an `HttpApi` event.
pub(super) fn http_route<'a>(
    described: &Fields<'a>,
    function: usize,
    event: &'a Entry,
    implicit: Option<usize>,
) -> Option<(usize, Route)> {
    let resolver = described.resolver;
    let route = |key| new_route(resolver, function, event, key, HTTP_API_TIMEOUT);
    if described.entry("Properties").is_none() {
        return Some((implicit?, route(RouteKey::Default)));
    }
    let properties = described.mapping("Properties", &HTTP_API_PROPERTIES)?;
    let api = match properties.entry("ApiId") {
        None => implicit,
        Some(id) => api(&properties, "ApiId", &id.value, Kind::HttpApi),
    };
    check_payload_format(&properties);
    let timeout = properties.integer("TimeoutInMillis", 50..=30_000, "milliseconds");
    let mut route = route(http_route_key(&properties)?);
    if let Some(milliseconds) = timeout {
        route.timeout = Duration::from_millis(milliseconds.into());
    }
    Some((api?, route))
}

/// The API and the route of an `Api` event.
pub(super) fn rest_route<'a>(
    described: &Fields<'a>,
    function: usize,
    event: &'a Entry,
    implicit: Option<usize>,
) -> Option<(usize, Route)> {
    described.required("Properties", "an `Api` event has a `Path` and a `Method`")?;
    let properties = described.mapping("Properties", &REST_API_PROPERTIES)?;
    let api = match properties.entry("RestApiId") {
        None => implicit,
        Some(id) => api(&properties, "RestApiId", &id.value, Kind::RestApi),
    };
    let range = 50..=REST_API_TIMEOUT_MILLIS_MAX;
    let timeout = properties.integer("TimeoutInMillis", range, "milliseconds");
    properties.required("Path", "for example `Path: /status/{id}`");
    properties.required("Method", "for example `Method: get`, or `Method: any`");
    let key = path_key(&properties)?;
    let timeout = timeout.map(|milliseconds| Duration::from_millis(milliseconds.into()));
    let timeout = timeout.unwrap_or(REST_API_TIMEOUT);
    let route = new_route(described.resolver, function, event, key, timeout);
    Some((api?, route))
}

fn new_route(
    resolver: &Resolver<'_>,
    function: usize,
    event: &Entry,
    key: RouteKey,
    timeout: Duration,
) -> Route {
    Route {
        key,
        function: resolver.resources[function].logical_id.to_owned(),
        qualifier: resolver.published_alias(function).map(str::to_owned),
        event: event.key.to_string(),
        timeout,
    }
}

/// The API that an event names.
fn api(properties: &Fields<'_>, property: &str, id: &Node, kind: Kind) -> Option<usize> {
    let resolver = properties.resolver;
    let api = resolver
        .referenced(id)
        .filter(|index| resolver.resources[*index].kind == kind);
    if api.is_none() {
        let type_name = kind.type_name();
        let must = format!("must refer to an `{type_name}` of this template");
        properties.wrong(
            property,
            id,
            &must,
            "not such an API",
            &format!("write `{property}: !Ref` and its logical id, or leave it out"),
        );
    }
    api
}

/// Without path and method a route takes whatever others leave.
fn http_route_key(properties: &Fields<'_>) -> Option<RouteKey> {
    match (properties.entry("Path"), properties.entry("Method")) {
        (None, None) => return Some(RouteKey::Default),
        (Some(_), None) => {
            properties.missing("Method", "for example `Method: GET`, or `Method: ANY`");
            return None;
        }
        (None, Some(_)) => {
            properties.missing("Path", "for example `Path: /status/{id}`");
            return None;
        }
        (Some(_), Some(_)) => {}
    }
    if properties.entry("Path")?.value.text() == Some("$default") {
        return Some(RouteKey::Default);
    }
    path_key(properties)
}

/// The method of this name, in any case, or in the words of API Gateway's extension of OpenAPI.
pub(super) fn method(name: &str) -> Option<RouteMethod> {
    let is_any = name.eq_ignore_ascii_case("x-amazon-apigateway-any-method");
    RouteMethod::ALL
        .into_iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(name))
        .or(is_any.then_some(RouteMethod::Any))
}

fn path_key(properties: &Fields<'_>) -> Option<RouteKey> {
    let path = properties.text("Path")?;
    let Some(known) = method(&properties.text("Method")?) else {
        let node = &properties.entry("Method")?.value;
        let names = RouteMethod::ALL.map(RouteMethod::as_str).join(", ");
        let must = format!("must be one of {names}");
        properties.wrong("Method", node, &must, "not a method", "");
        return None;
    };
    if !is_path(&path) {
        properties.wrong(
            "Path",
            &properties.entry("Path")?.value,
            "is not a path of an API",
            "not such a path",
            "it begins with `/`; a whole segment may be `{name}`, and the last one `{name+}`",
        );
        return None;
    }
    Some(RouteKey::Path {
        method: known,
        path,
    })
}

pub(super) fn is_path(path: &str) -> bool {
    let Some(path) = path.strip_prefix('/') else {
        return false;
    };
    let segments: Vec<&str> = path.split('/').collect();
    let last = segments.len() - 1;
    segments.iter().enumerate().all(|(index, segment)| {
        let name = segment
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        let name = match name {
            Some(name) if index == last => name.strip_suffix('+').unwrap_or(name),
            Some(name) => name,
            None => {
                return !segment.contains(|it: char| {
                    it == '{' || it == '}' || it.is_whitespace() || it.is_control()
                });
            }
        };
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-:".contains(&byte))
    })
}

fn check_payload_format(properties: &Fields<'_>) {
    let Some(version) = properties.text("PayloadFormatVersion") else {
        return;
    };
    if version != "2.0"
        && let Some(entry) = properties.entry("PayloadFormatVersion")
    {
        properties.wrong(
            "PayloadFormatVersion",
            &entry.value,
            "must be \"2.0\"",
            "not supported here",
            "requests reach functions in payload format 2.0, the default",
        );
    }
}
