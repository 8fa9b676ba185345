//! `Events` of functions: `HttpApi` becomes a route, others are not delivered here.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::template::{
    Entry, Fields, IMPLICIT_HTTP_API, Kind, Known, Node, Resolver, ignored, used,
};
use crate::{Route, RouteKey, RouteMethod};

/// How long API Gateway waits for a function, at most and by default.
/// Source: API Gateway developer guide, "Quotas for HTTP APIs", read 2026-11-23.
const TIMEOUT: Duration = Duration::from_secs(30);

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

/// Every type of event that SAM has. Source: aws-sam-translator 1.115.0, read 2026-11-23.
const TYPES: [&str; 20] = [
    "HttpApi",
    "AlexaSkill",
    "Api",
    "CloudWatchEvent",
    "CloudWatchLogs",
    "Cognito",
    "DocumentDB",
    "DynamoDB",
    "EventBridgeRule",
    "IoTRule",
    "Kinesis",
    "MQ",
    "MSK",
    "S3",
    "SNS",
    "SQS",
    "Schedule",
    "ScheduleV2",
    "SelfManagedKafka",
    "WebSocketApi",
];

/// The routes of each HTTP API, by the API's index.
pub(crate) fn routes(resolver: &Resolver<'_>) -> HashMap<usize, Vec<Route>> {
    let mut resources = resolver.resources.iter();
    let implicit = resources.position(|resource| resource.logical_id == IMPLICIT_HTTP_API);
    let mut routes: HashMap<usize, Vec<Route>> = HashMap::new();
    let mut keys = HashSet::new();
    for (index, resource) in resolver.resources.iter().enumerate() {
        if resource.kind != Kind::Function {
            continue;
        }
        let fields = Fields::of_resource(resolver, resource);
        for event in events(&fields).iter().filter(|it| !it.value.is_no_value()) {
            let Some((api, route)) = route(&fields, index, event, implicit) else {
                continue;
            };
            if keys.insert((api, route.key.clone())) {
                routes.entry(api).or_default().push(route);
            } else {
                let id = resolver.resources[api].logical_id;
                resolver.report.problem(
                    event.key_span,
                    format!("`{id}` has the route `{}` twice", route.key),
                    "the second time",
                    "one event of one function answers a route",
                );
            }
        }
    }
    routes
}

fn events<'a>(fields: &Fields<'a>) -> &'a [Entry] {
    let Some(entry) = fields.entry("Events") else {
        return &[];
    };
    entry.value.entries().unwrap_or_else(|| {
        fields.wrong(
            "Events",
            &entry.value,
            "must be a mapping",
            entry.value.describe(),
            "give each event a name, with `Type` and `Properties` indented below it",
        );
        &[]
    })
}

/// The API and the route, if the event is one.
fn route<'a>(
    fields: &Fields<'a>,
    function: usize,
    event: &'a Entry,
    implicit: Option<usize>,
) -> Option<(usize, Route)> {
    let step = format!("Events.{}", event.key);
    let known = [used("Properties"), used("Type")];
    let described = fields.nested(&step, event.key_span, &event.value, &known)?;
    described.required("Type", "for example `Type: HttpApi`")?;
    let event_type = described.choice("Type", &TYPES.map(|name| (name, name)))?;
    if event_type != "HttpApi" {
        let meaning = format!("events of type {event_type} are not delivered here");
        fields.warn(&step, event.key_span, meaning);
        return None;
    }
    let resolver = fields.resolver;
    let properties = match described.entry("Properties") {
        None => None,
        Some(_) => Some(described.mapping("Properties", &HTTP_API_PROPERTIES)?),
    };
    let Some(properties) = properties else {
        return Some((
            implicit?,
            new_route(resolver, function, event, RouteKey::Default),
        ));
    };
    let api = match properties.entry("ApiId") {
        None => implicit,
        Some(id) => http_api(&properties, &id.value),
    };
    check_payload_format(&properties);
    let timeout = properties.integer("TimeoutInMillis", 50..=30_000, "milliseconds");
    let mut route = new_route(resolver, function, event, route_key(&properties)?);
    if let Some(milliseconds) = timeout {
        route.timeout = Duration::from_millis(milliseconds.into());
    }
    Some((api?, route))
}

fn new_route(resolver: &Resolver<'_>, function: usize, event: &Entry, key: RouteKey) -> Route {
    Route {
        key,
        function: resolver.resources[function].logical_id.to_owned(),
        qualifier: resolver.alias(function).map(str::to_owned),
        event: event.key.to_string(),
        timeout: TIMEOUT,
    }
}

/// The HTTP API that `ApiId` names.
fn http_api(properties: &Fields<'_>, id: &Node) -> Option<usize> {
    let resolver = properties.resolver;
    let api = resolver
        .referenced(id)
        .filter(|index| resolver.resources[*index].kind == Kind::HttpApi);
    if api.is_none() {
        properties.wrong(
            "ApiId",
            id,
            "must refer to an `AWS::Serverless::HttpApi` of this template",
            "not such an API",
            "write `ApiId: !Ref` and its logical id, or leave it out",
        );
    }
    api
}

/// Without path and method a route takes whatever others leave.
fn route_key(properties: &Fields<'_>) -> Option<RouteKey> {
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
    let path = properties.text("Path")?;
    let method = properties.text("Method")?;
    if path == "$default" {
        return Some(RouteKey::Default);
    }
    let is_any = method.eq_ignore_ascii_case("x-amazon-apigateway-any-method");
    let known = RouteMethod::ALL
        .into_iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(&method))
        .or(is_any.then_some(RouteMethod::Any));
    let Some(known) = known else {
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
            "is not a path of an HTTP API",
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

fn is_path(path: &str) -> bool {
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
