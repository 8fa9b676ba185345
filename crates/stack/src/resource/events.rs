//! `Events` of functions and state machines: routes, schedules and queues; others are not delivered here.

use crate::template::{
    Entry, Fields, Node, Properties, Resource, Type, properties, shorten, yields,
};

use super::event_source::{EVENT as QUEUE_EVENT, MADE as MADE_MAPPING};
use super::route::{HTTP_EVENT, MACHINE_EVENT, REST_EVENT};
use super::schedule::{RULE_EVENT, SCHEDULER_EVENT};

/// Every type of event that SAM has, and the reason for those that are not delivered here.
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

/// Every type of event that SAM has for state machines.
/// Source: AWS SAM developer guide, `AWS::Serverless::StateMachine`, read 2026-11-29.
const MACHINE_TYPES: [(&str, &str); 5] = [
    ("Api", ""),
    ("CloudWatchEvent", "there is no event bus"),
    ("EventBridgeRule", "there is no event bus"),
    ("Schedule", ""),
    ("ScheduleV2", ""),
];

/// The types for a state machine's events.
pub(super) static STARTING: [&Type; 3] = [&MACHINE_EVENT, &RULE_EVENT, &SCHEDULER_EVENT];

/// The types for a function's events, each named like the event's type.
pub(super) static DELIVERED: [&Type; 5] = [
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

/// The resources that SAM makes of a function's events.
pub(super) fn of(function: &Resource, index: usize) -> Vec<Resource> {
    made(function, index, &DELIVERED)
}

/// The resources that SAM makes of a state machine's events.
pub(super) fn of_machine(machine: &Resource, index: usize) -> Vec<Resource> {
    made(machine, index, &STARTING)
}

fn made(function: &Resource, index: usize, kinds: &[&'static Type]) -> Vec<Resource> {
    let events = function.property("Events").and_then(Node::entries);
    let event = |event: &Entry| {
        let name = event.value.get("Type").and_then(Node::text)?;
        let kind = kinds.iter().copied().find(|kind| kind.name == name)?;
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
    let events = events.unwrap_or_default();
    let mut made: Vec<Resource> = events.iter().filter_map(event).collect();
    made.extend(events.iter().flat_map(|it| named(function, index, it)));
    made
}

/// A rule, a subscription, a permission or a role that SAM makes of an event. Here it is only a name for `DependsOn`
/// and references. Source: aws-sam-translator 1.115.0, read 2026-11-30.
static NAMED: Type = Type {
    attributes: &[("Arn", yields::placeholder)],
    ..Type::plain("")
};

fn named(owner: &Resource, index: usize, event: &Entry) -> Vec<Resource> {
    let parts: &[&str] = match event.value.get("Type").and_then(Node::text) {
        Some("Api") => &["Permission", "PermissionStage", "PermissionTest", "Role"],
        Some("HttpApi" | "S3") => &["Permission"],
        Some("SQS") => return vec![owner.make(index, &event.key, &event.key, &MADE_MAPPING)],
        Some(_) => &["", "Permission", "Role"],
        None => return Vec::new(),
    };
    let id = |part: &str| format!("{}{part}", event.key);
    let resource = |part: &&str| owner.make(index, &id(part), &event.key, &NAMED);
    parts.iter().map(resource).collect()
}

/// Help for an event without the properties that it needs.
fn help_without_properties(event_type: &str) -> Option<&'static str> {
    match event_type {
        "Api" => Some("an `Api` event has a `Path` and a `Method`"),
        "Schedule" | "ScheduleV2" => Some("a schedule says when it is due"),
        "SQS" => Some("an `SQS` event has a `Queue`"),
        _ => None,
    }
}

/// Checks a function's events except for their properties, and warns of those that never come.
pub(super) fn check(fields: &Fields<'_>) {
    check_against(fields, &TYPES, "invoked", "invoke it yourself");
}

/// As [`check`], for a state machine.
pub(super) fn check_of_machine(fields: &Fields<'_>) {
    check_against(fields, &MACHINE_TYPES, "started", "start it yourself");
}

fn check_against(
    fields: &Fields<'_>,
    types: &[(&'static str, &'static str)],
    verb: &str,
    what_to_do: &str,
) {
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
        let Some(event_type) = event.word(
            "Type",
            &types.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ) else {
            continue;
        };
        if let Some(help) = help_without_properties(event_type) {
            event.required("Properties", help);
        } else if event_type != HTTP_EVENT.name {
            let missing = types.iter().find(|(name, _)| *name == event_type);
            let what = match missing.map_or("", |(_, missing)| missing) {
                "" => format!("events of type {event_type} are not delivered here; {what_to_do}"),
                missing => {
                    let owner = if verb == "started" {
                        "state machine"
                    } else {
                        "function"
                    };
                    format!(
                        "{missing} here, so the {owner} is never {verb} by this event; {what_to_do}"
                    )
                }
            };
            // The consequence of an event that never comes.
            fields.warn(&step, entry.key_span, what);
        }
    }
}
