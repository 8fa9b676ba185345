//! `Events` of functions: routes and schedules; others are not delivered here.

use std::collections::{HashMap, HashSet};

use crate::template::{Entry, Fields, IMPLICIT_HTTP_API, IMPLICIT_REST_API, Kind, Resolver, used};
use crate::{Route, ScheduleResource};

use super::route::{http_route, rest_route};
use super::schedule::schedule;

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

/// What the events of all functions come to.
#[derive(Default)]
pub(crate) struct Events {
    /// The routes of each API, by the API's index.
    pub routes: HashMap<usize, Vec<Route>>,
    pub schedules: Vec<ScheduleResource>,
    keys: HashSet<(usize, crate::RouteKey)>,
}

impl Events {
    pub fn of(resolver: &Resolver<'_>) -> Self {
        let implicit = |name| {
            let mut resources = resolver.resources.iter();
            resources.position(|resource| resource.logical_id == name)
        };
        let http_api = implicit(IMPLICIT_HTTP_API);
        let rest_api = implicit(IMPLICIT_REST_API);
        let mut all = Self::default();
        for (index, resource) in resolver.resources.iter().enumerate() {
            if resource.kind != Kind::Function {
                continue;
            }
            let fields = Fields::of_resource(resolver, resource);
            for event in events(&fields).iter().filter(|it| !it.value.is_no_value()) {
                let Some((event_type, described)) = event_type(&fields, event) else {
                    continue;
                };
                match event_type {
                    "HttpApi" => {
                        let route = http_route(&described, index, event, http_api);
                        all.add_route(resolver, event, route);
                    }
                    "Api" => {
                        let route = rest_route(&described, index, event, rest_api);
                        all.add_route(resolver, event, route);
                    }
                    "Schedule" | "ScheduleV2" => {
                        all.schedules
                            .extend(schedule(&described, event_type, index, event));
                    }
                    other => {
                        let step = format!("Events.{}", event.key);
                        fields.warn(&step, event.key_span, not_delivered(other));
                    }
                }
            }
        }
        all
    }

    fn add_route(&mut self, resolver: &Resolver<'_>, event: &Entry, route: Option<(usize, Route)>) {
        let Some((api, route)) = route else { return };
        if self.keys.insert((api, route.key.clone())) {
            self.routes.entry(api).or_default().push(route);
            return;
        }
        let id = resolver.resources[api].logical_id;
        resolver.report.problem(
            event.key_span,
            format!("`{id}` has the route `{}` twice", route.key),
            "the second time",
            "one event of one function answers a route",
        );
    }
}

/// What the application will notice of an event that never comes.
fn not_delivered(event_type: &str) -> String {
    let source = match event_type {
        "SQS" => "there are no queues",
        "SNS" => "there are no topics",
        "S3" => "there are no buckets",
        "DynamoDB" => "streams of tables are not read",
        "Kinesis" => "there are no streams",
        "CloudWatchEvent" | "EventBridgeRule" => "there is no event bus",
        "WebSocketApi" => "no WebSocket API is served",
        other => {
            return format!("events of type {other} are not delivered here; invoke it yourself");
        }
    };
    format!("{source} here, so the function is never invoked by this event; invoke it yourself")
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

fn event_type<'a>(fields: &Fields<'a>, event: &'a Entry) -> Option<(&'static str, Fields<'a>)> {
    let step = format!("Events.{}", event.key);
    let known = [used("Properties"), used("Type")];
    let described = fields.nested(&step, event.key_span, &event.value, &known)?;
    described.required("Type", "for example `Type: HttpApi`")?;
    let event_type = described.choice("Type", &TYPES.map(|name| (name, name)))?;
    Some((event_type, described))
}
