//! `Events` of functions: routes, schedules and queues; others are not delivered here.

use crate::template::{Entry, Fields, Node, Properties, Resource, Type, properties, shorten};

use super::event_source::EVENT as QUEUE_EVENT;
use super::route::{HTTP_EVENT, REST_EVENT};
use super::schedule::{RULE_EVENT, SCHEDULER_EVENT};

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
    ("SQS", ""),
    ("Schedule", ""),
    ("ScheduleV2", ""),
    ("SelfManagedKafka", ""),
    ("WebSocketApi", "no WebSocket API is served"),
];

/// What SAM makes of events, each named like the event's type.
static DELIVERED: [&Type; 5] = [
    &HTTP_EVENT,
    &REST_EVENT,
    &RULE_EVENT,
    &SCHEDULER_EVENT,
    &QUEUE_EVENT,
];

const EVENT: Properties = properties! {
    used: Properties;
    required: Type = "for example `Type: HttpApi`";
};

/// What SAM makes of a function's events.
pub(super) fn of(function: &Resource, index: usize) -> Vec<Resource> {
    let events = function.property("Events").and_then(Node::entries);
    let event = |event: &Entry| {
        let name = event.value.get("Type").and_then(Node::text)?;
        let kind = DELIVERED.into_iter().find(|kind| kind.name == name)?;
        let resource = Resource {
            id_span: event.key_span,
            properties_span: event.key_span,
            ..function.make(index, &event.key, &event.key, kind)
        };
        let path = format!("{}.Properties.", shorten(&format!("Events.{}", event.key)));
        let properties = event.value.entry("Properties");
        match properties.filter(|it| !it.value.is_no_value()) {
            Some(properties) => Some(resource.with_properties(path, properties)),
            None => (help_without_properties(name).is_none()).then_some(resource),
        }
    };
    events
        .unwrap_or_default()
        .iter()
        .filter_map(event)
        .collect()
}

/// Help for an event that needs properties, and has none.
fn help_without_properties(event_type: &str) -> Option<&'static str> {
    match event_type {
        "Api" => Some("an `Api` event has a `Path` and a `Method`"),
        "Schedule" | "ScheduleV2" => Some("a schedule says when it is due"),
        "SQS" => Some("an `SQS` event has a `Queue`"),
        _ => None,
    }
}

/// Checks a function's events but for their properties, and warns of those that never come.
pub(super) fn check(fields: &Fields<'_>) {
    let Some(node) = fields.node("Events") else {
        return;
    };
    let Some(entries) = node.entries() else {
        let help = "give each event a name, with `Type` and `Properties` indented below it";
        fields.wrong("Events", "must be a mapping", node.describe(), help);
        return;
    };
    for entry in entries.iter().filter(|it| !it.value.is_no_value()) {
        let step = format!("Events.{}", entry.key);
        let Some(event) = fields.nested(&step, entry.key_span, &entry.value, EVENT) else {
            continue;
        };
        let Some(event_type) = event.word("Type", &TYPES.map(|(name, _)| name)) else {
            continue;
        };
        if let Some(help) = help_without_properties(event_type) {
            event.required("Properties", help);
        } else if event_type != HTTP_EVENT.name {
            fields.warn(&step, entry.key_span, not_delivered(event_type));
        }
    }
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
