//! `Events` of functions: routes and schedules; others are not delivered here.

use std::collections::{HashMap, HashSet};

use crate::template::{Entry, Fields, Properties, Resolver, Role, properties};
use crate::{Route, RouteKey, ScheduleResource};

use super::event::Event;
use super::route::{http_route, rest_route};
use super::schedule::{rule, scheduler};

/// Every type of event that SAM has, and what is missing for those that are not delivered here.
/// Source: aws-sam-translator 1.115.0, read 2026-11-23.
const TYPES: [(&str, &str); 20] = [
    ("HttpApi", ""),
    ("AlexaSkill", ""),
    ("Api", ""),
    ("CloudWatchEvent", "there is no event bus"),
    ("CloudWatchLogs", ""),
    ("Cognito", ""),
    ("DocumentDB", ""),
    ("DynamoDB", "streams of tables are not read"),
    ("EventBridgeRule", "there is no event bus"),
    ("IoTRule", ""),
    ("Kinesis", "there are no streams"),
    ("MQ", ""),
    ("MSK", ""),
    ("S3", "there are no buckets"),
    ("SNS", "there are no topics"),
    ("SQS", "there are no queues"),
    ("Schedule", ""),
    ("ScheduleV2", ""),
    ("SelfManagedKafka", ""),
    ("WebSocketApi", "no WebSocket API is served"),
];

const EVENT: Properties = properties! {
    used: Properties;
    required: Type = "for example `Type: HttpApi`";
};

/// What the events of all functions come to.
#[derive(Default)]
pub(super) struct Events {
    /// The routes of each API, by the API's index.
    pub routes: HashMap<usize, Vec<Route>>,
    pub schedules: Vec<ScheduleResource>,
    keys: HashSet<(usize, RouteKey)>,
}

impl Events {
    pub fn of(resolver: &Resolver<'_>) -> Self {
        let mut all = Self::default();
        for (function, resource) in resolver.resources.iter().enumerate() {
            if resource.kind.role != Role::ServerlessFunction {
                continue;
            }
            let fields = Fields::of(resolver, function);
            for entry in entries(&fields).iter().filter(|it| !it.value.is_no_value()) {
                all.add(&fields, entry, function);
            }
        }
        all
    }

    fn add<'a>(&mut self, owner: &Fields<'a>, entry: &'a Entry, function: usize) {
        let step = format!("Events.{}", entry.key);
        let described = owner.nested(&step, entry.key_span, &entry.value, EVENT);
        let Some(fields) = described else { return };
        let Some(event_type) = fields.word("Type", &TYPES.map(|(name, _)| name)) else {
            return;
        };
        let resolver = fields.resolver;
        let event = Event {
            fields,
            name: &entry.key,
            function,
        };
        match event_type {
            "HttpApi" => self.add_route(http_route(&event), entry, resolver),
            "Api" => self.add_route(rest_route(&event), entry, resolver),
            "Schedule" => self.schedules.extend(rule(&event)),
            "ScheduleV2" => self.schedules.extend(scheduler(&event)),
            other => owner.warn(&step, entry.key_span, not_delivered(other)),
        }
    }

    fn add_route(&mut self, route: Option<(usize, Route)>, entry: &Entry, resolver: &Resolver<'_>) {
        let Some((api, route)) = route else { return };
        if self.keys.insert((api, route.key.clone())) {
            self.routes.entry(api).or_default().push(route);
            return;
        }
        let id = resolver.resources[api].logical_id;
        resolver.report.problem(
            entry.key_span,
            format!("`{id}` has the route `{}` twice", route.key),
            "the second time",
            "one event of one function answers a route",
        );
    }
}

fn entries<'a>(fields: &Fields<'a>) -> &'a [Entry] {
    let Some(node) = fields.node("Events") else {
        return &[];
    };
    node.entries().unwrap_or_else(|| {
        let help = "give each event a name, with `Type` and `Properties` indented below it";
        fields.wrong("Events", "must be a mapping", node.describe(), help);
        &[]
    })
}

/// What the application will notice of an event that never comes.
fn not_delivered(event_type: &str) -> String {
    let known = TYPES.iter().find(|(name, _)| *name == event_type);
    match known.map_or("", |(_, missing)| missing) {
        "" => format!("events of type {event_type} are not delivered here; invoke it yourself"),
        missing => format!(
            "{missing} here, so the function is never invoked by this event; invoke it yourself"
        ),
    }
}
