//! `HttpApi` and `Api` events of functions: the routes of APIs.

use std::time::Duration;

use crate::template::{EventApi, Fields, Properties, Role, Type, properties};
use crate::{Integration, RequestChecks, Route, RouteKey, RouteMethod};

use super::api_kind::{HTTP_API_TIMEOUT, Kind, REST_API_TIMEOUT};
use super::reading::{Reading, is_word};
use super::request_check::of_event;
use super::sam_auth::event_access;
use super::states_target::{machine_name, started, starting};

/// Above any quota that an account can request: an API can be allowed to wait longer.
const REST_API_TIMEOUT_MILLIS_MAX: u32 = 900_000;

const HTTP_API: Properties = properties! {
    used: ApiId, Auth, Method, Path, PayloadFormatVersion, TimeoutInMillis;
    ignored:
        "requests are neither throttled nor measured" => RouteSettings;
};

/// SAM's properties for a state machine.
const MACHINE_API: Properties = properties! {
    used: Auth, RestApiId, UnescapeMappingTemplate;
    required: Path = "for example `Path: /orders`",
        Method = "for example `Method: post`, or `Method: any`";
};

const REST_API: Properties = properties! {
    used: Auth, RequestModel, RequestParameters, RestApiId, TimeoutInMillis;
    required: Path = "for example `Path: /status/{id}`",
        Method = "for example `Method: get`, or `Method: any`";
    ignored:
        "requests are checked as `RequestModel` says" => RequestValidator;
        "answers are sent when they are complete" => ResponseTransferMode;
};

/// The type that SAM makes of an `HttpApi` event.
pub(super) static HTTP_EVENT: Type = Type {
    role: Role::Event(Some(EventApi::HTTP)),
    properties: HTTP_API,
    ..Type::plain("HttpApi")
};

/// The type that SAM makes of an `Api` event.
pub(super) static REST_EVENT: Type = Type {
    role: Role::Event(Some(EventApi::REST)),
    properties: REST_API,
    ..Type::plain("Api")
};

/// The type that SAM makes of an `Api` event of a state machine.
pub(super) static MACHINE_EVENT: Type = Type {
    role: Role::Event(Some(EventApi::REST)),
    properties: MACHINE_API,
    ..Type::plain("Api")
};

pub(super) fn read_http_event(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    check_payload_format(fields);
    let timeout = fields.milliseconds("TimeoutInMillis", 50..=30_000);
    let timeout = timeout.unwrap_or(HTTP_API_TIMEOUT);
    add_route(fields, http_route_key(fields), timeout, reading);
}

pub(super) fn read_rest_event(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let timeout = fields.milliseconds("TimeoutInMillis", 50..=REST_API_TIMEOUT_MILLIS_MAX);
    let timeout = timeout.unwrap_or(REST_API_TIMEOUT);
    add_route(fields, path_key(fields), timeout, reading);
}

pub(super) fn read_machine_event(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    add_route(fields, path_key(fields), REST_API_TIMEOUT, reading);
}

fn add_route(
    fields: &Fields<'_>,
    key: Option<RouteKey>,
    timeout: Duration,
    reading: &mut Reading<'_>,
) {
    let resolver = fields.resolver;
    let event = fields.resource();
    let (Some(api), Some(key), Some(made)) = (api(fields), key, &event.made) else {
        return;
    };
    let kind = match event.kind.role {
        Role::Event(Some(EventApi::REST)) => Kind::Rest,
        _ => Kind::Http,
    };
    let api_fields = Fields::of(resolver, api);
    let route = Route {
        access: event_access(fields, &api_fields, kind),
        checks: match kind {
            Kind::Rest => of_event(fields, &api_fields),
            Kind::Http => RequestChecks::default(),
        },
        key,
        function: fields.logical_id.to_owned(),
        qualifier: started(resolver, made.of),
        event: made.name.to_string(),
        timeout,
        integration: match machine_name(resolver, made.of) {
            None => Integration::Proxy,
            Some(name) => Integration::States(Box::new(starting(
                &resolver.pseudo.state_machine_arn(&name),
            ))),
        },
    };
    let help = "one event of one function answers a route";
    reading.add_route(api, fields, route, help);
}

/// The API that an event names, or the one that SAM adds.
fn api(fields: &Fields<'_>) -> Option<usize> {
    let Role::Event(Some(kind)) = fields.resource().kind.role else {
        return None;
    };
    let (resolver, property, type_name) = (fields.resolver, kind.property, kind.type_name);
    let Some(id) = fields.node(property) else {
        return resolver.find(kind.implicit_id);
    };
    let is_such = |index: &usize| resolver.resources[*index].kind.name == type_name;
    let api = resolver.referenced(id).filter(is_such);
    if api.is_none() {
        let must = format!("must refer to an `{type_name}` of this template");
        let help = format!("write `{property}: !Ref` and its logical id, or leave it out");
        fields.wrong(property, &must, "not such an API", &help);
    }
    api
}

/// A route without path and method matches every request that no other route matches.
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
        let must = format!("must be one of {names}");
        properties.wrong("Method", &must, "not a method", "");
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
    let is_unfit = |it: char| "{}".contains(it) || it.is_whitespace() || it.is_control();
    let segments: Vec<&str> = path.split('/').collect();
    let last = segments.len() - 1;
    segments.iter().enumerate().all(|(index, segment)| {
        let name = segment.strip_prefix('{');
        let name = match name.and_then(|rest| rest.strip_suffix('}')) {
            Some(name) if index == last => name.strip_suffix('+').unwrap_or(name),
            Some(name) => name,
            None => return !segment.contains(is_unfit),
        };
        is_word(name, 1..=path.len(), b"._-:")
    })
}

fn check_payload_format(properties: &Fields<'_>) {
    let version = properties.text("PayloadFormatVersion");
    if version.is_some_and(|version| version != "2.0") {
        let help = "requests reach functions in payload format 2.0, the default";
        let must = "must be \"2.0\"";
        properties.wrong("PayloadFormatVersion", must, "not supported here", help);
    }
}
