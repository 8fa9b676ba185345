//! `HttpApi` and `Api` events of functions: the routes of APIs.

use std::time::Duration;

use crate::template::{EventApi, Fields, Properties, properties};
use crate::{Route, RouteKey, RouteMethod};

use super::event::Event;

/// How long an HTTP API waits for a function, at most and by default.
/// Source: API Gateway developer guide, "Quotas for HTTP APIs", read 2026-11-23.
pub(super) const HTTP_API_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a REST API waits for a function by default.
/// Source: API Gateway developer guide, "Quotas for REST APIs", read 2026-11-23.
pub(super) const REST_API_TIMEOUT: Duration = Duration::from_secs(29);

/// More than any quota that an account can ask for: an API can be allowed to wait longer.
const REST_API_TIMEOUT_MILLIS_MAX: u32 = 900_000;

const OPEN: &str = "requests are not authorised here: the route is open";

const HTTP_API: Properties = properties! {
    used: ApiId, Method, Path, PayloadFormatVersion, TimeoutInMillis;
    ignored:
        OPEN => Auth;
        "requests are neither throttled nor measured" => RouteSettings;
};

const REST_API: Properties = properties! {
    used: RestApiId, TimeoutInMillis;
    required: Path = "for example `Path: /status/{id}`",
        Method = "for example `Method: get`, or `Method: any`";
    ignored:
        OPEN => Auth;
        "requests are not checked against a model" => RequestModel;
        "required parameters are not checked" => RequestParameters;
        "requests are not checked" => RequestValidator;
        "answers are sent when they are complete" => ResponseTransferMode;
};

/// The API and the route of an `HttpApi` event.
pub(super) fn http_route(event: &Event<'_>) -> Option<(usize, Route)> {
    if event.fields.node("Properties").is_none() {
        let route = route(event, RouteKey::Default, None, HTTP_API_TIMEOUT);
        return Some((implicit_api(event, EventApi::HTTP)?, route));
    }
    let properties = event.fields.mapping("Properties", HTTP_API)?;
    let api = api(event, &properties, EventApi::HTTP);
    check_payload_format(&properties);
    let timeout = properties.milliseconds("TimeoutInMillis", 50..=30_000);
    let key = http_route_key(&properties)?;
    Some((api?, route(event, key, timeout, HTTP_API_TIMEOUT)))
}

/// The API and the route of an `Api` event.
pub(super) fn rest_route(event: &Event<'_>) -> Option<(usize, Route)> {
    let help = "an `Api` event has a `Path` and a `Method`";
    event.fields.required("Properties", help)?;
    let properties = event.fields.mapping("Properties", REST_API)?;
    let api = api(event, &properties, EventApi::REST);
    let timeout = properties.milliseconds("TimeoutInMillis", 50..=REST_API_TIMEOUT_MILLIS_MAX);
    let key = path_key(&properties)?;
    Some((api?, route(event, key, timeout, REST_API_TIMEOUT)))
}

fn route(
    event: &Event<'_>,
    key: RouteKey,
    timeout: Option<Duration>,
    default_timeout: Duration,
) -> Route {
    let resolver = event.fields.resolver;
    Route {
        key,
        function: event.fields.logical_id.to_owned(),
        qualifier: resolver.published_alias(event.function).map(str::to_owned),
        event: event.name.to_owned(),
        timeout: timeout.unwrap_or(default_timeout),
    }
}

/// The API that an event names, or the one that SAM makes up.
fn api(event: &Event<'_>, properties: &Fields<'_>, kind: EventApi) -> Option<usize> {
    let Some(id) = properties.node(kind.property) else {
        return implicit_api(event, kind);
    };
    let resolver = properties.resolver;
    let is_such = |index: &usize| resolver.resources[*index].kind.role == kind.role;
    let api = resolver.referenced(id).filter(is_such);
    if api.is_none() {
        let EventApi {
            property,
            type_name,
            ..
        } = kind;
        let must = format!("must refer to an `{type_name}` of this template");
        let help = format!("write `{property}: !Ref` and its logical id, or leave it out");
        properties.wrong(property, &must, "not such an API", &help);
    }
    api
}

fn implicit_api(event: &Event<'_>, kind: EventApi) -> Option<usize> {
    let mut resources = event.fields.resolver.resources.iter();
    resources.position(|resource| resource.logical_id == kind.implicit_id)
}

/// Without path and method a route takes whatever others leave.
fn http_route_key(properties: &Fields<'_>) -> Option<RouteKey> {
    let (path, method) = (properties.node("Path"), properties.node("Method"));
    if path.is_none() && method.is_none() {
        return Some(RouteKey::Default);
    }
    properties.required("Method", "for example `Method: GET`, or `Method: ANY`")?;
    let path = properties.required("Path", "for example `Path: /status/{id}`")?;
    if path.text() == Some("$default") {
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
    let Some(method) = method(&properties.text("Method")?) else {
        let names = RouteMethod::ALL.map(RouteMethod::as_str).join(", ");
        properties.wrong(
            "Method",
            &format!("must be one of {names}"),
            "not a method",
            "",
        );
        return None;
    };
    if !is_path(&path) {
        let help =
            "it begins with `/`; a whole segment may be `{name}`, and the last one `{name+}`";
        properties.wrong("Path", "is not a path of an API", "not such a path", help);
        return None;
    }
    Some(RouteKey::Path { method, path })
}

pub(super) fn is_path(path: &str) -> bool {
    let Some(path) = path.strip_prefix('/') else {
        return false;
    };
    let segments: Vec<&str> = path.split('/').collect();
    let last = segments.len() - 1;
    segments.iter().enumerate().all(|(index, segment)| {
        let name = segment.strip_prefix('{');
        let name = match name.and_then(|rest| rest.strip_suffix('}')) {
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
    let version = properties.text("PayloadFormatVersion");
    if version.is_some_and(|version| version != "2.0") {
        let help = "requests reach functions in payload format 2.0, the default";
        properties.wrong(
            "PayloadFormatVersion",
            "must be \"2.0\"",
            "not supported here",
            help,
        );
    }
}
