//! `Schedule` and `ScheduleV2` events of functions.
//!
//! Source of names: AWS SAM developer guide, `Schedule` and `ScheduleV2`; of expressions:
//! EventBridge user guide, "Schedule expressions", and EventBridge Scheduler user guide, "Schedule
//! types"; read 2026-11-23.

use ::schedule::{Cron, ScheduleExpression};

use crate::template::{Fields, Node, Properties, Role, Type, properties};
use crate::{ScheduleResource, ScheduleService};

use super::reading::Reading;
use super::states_target::started;
use super::unsupported::NO_ENCRYPTION;

pub(super) const NO_DEAD_LETTERS: &str = "events that fail are not sent to a queue";
pub(super) const NO_RETRY_POLICY: &str = "asynchronous events have Lambda's default retries";
const NO_WINDOW: &str = "the function is invoked at the beginning of the window";

const RULE: Properties = properties! {
    used: Description, Enabled, Input, Name, RoleArn, State;
    required: Schedule = EXAMPLES;
    ignored:
        NO_DEAD_LETTERS => DeadLetterConfig;
        NO_RETRY_POLICY => RetryPolicy;
};

const SCHEDULER: Properties = properties! {
    used: Description, EndDate, FlexibleTimeWindow, GroupName, Input, Name, OmitName, RoleArn,
        ScheduleExpressionTimezone, StartDate, State;
    required: ScheduleExpression = EXAMPLES;
    ignored:
        NO_DEAD_LETTERS => DeadLetterConfig;
        NO_ENCRYPTION => KmsKeyArn;
        "permissions are not checked here" => PermissionsBoundary;
        NO_RETRY_POLICY => RetryPolicy;
};

pub(super) const EXAMPLES: &str = "for example `rate(5 minutes)` or `cron(0 8 ? * MON-FRI *)`";

/// The type that SAM makes of a `Schedule` event.
pub(super) static RULE_EVENT: Type = Type {
    role: Role::Event(None),
    properties: RULE,
    ..Type::plain("Schedule")
};

/// The type that SAM makes of a `ScheduleV2` event.
pub(super) static SCHEDULER_EVENT: Type = Type {
    role: Role::Event(None),
    properties: SCHEDULER,
    ..Type::plain("ScheduleV2")
};

pub(super) fn read_rule_event(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let schedule = schedule(fields, "Schedule", ScheduleService::Rule);
    reading.stack.schedules.extend(schedule);
}

pub(super) fn read_scheduler_event(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let service = ScheduleService::Scheduler;
    warn_of_window(fields);
    let schedule = schedule(fields, "ScheduleExpression", service);
    reading.stack.schedules.extend(schedule);
}

fn schedule(
    fields: &Fields<'_>,
    property: &str,
    service: ScheduleService,
) -> Option<ScheduleResource> {
    let resolver = fields.resolver;
    let event = fields.resource();
    let timing = timing(fields, property, service);
    let input = input(fields);
    let given = fields.text("Name");
    let name = given.unwrap_or_else(|| resolver.pseudo.physical_name(&event.logical_id, 64));
    let group = fields.text("GroupName");
    let arn = match service {
        ScheduleService::Rule => resolver.pseudo.rule_arn(&name),
        ScheduleService::Scheduler => {
            let group = group.as_deref().unwrap_or("default");
            resolver.pseudo.schedule_arn(group, &name)
        }
    };
    let timing = timing?;
    let made = event.made.as_ref()?;
    Some(ScheduleResource {
        logical_id: event.logical_id.to_string(),
        name,
        arn,
        service,
        function: fields.logical_id.to_owned(),
        qualifier: started(resolver, made.of),
        event: made.name.to_string(),
        expression: timing.expression,
        expression_text: timing.expression_text,
        time_zone: timing.time_zone,
        start_at: timing.start_at,
        end_at: timing.end_at,
        input,
        enabled: timing.enabled,
    })
}

/// Warns of `FlexibleTimeWindow`, unless its mode is `OFF`: AWS requires the property.
pub(super) fn warn_of_window(fields: &Fields<'_>) {
    let mode = fields
        .node("FlexibleTimeWindow")
        .and_then(|it| it.get("Mode"));
    if mode.is_none_or(|mode| mode.text() != Some("OFF")) {
        fields.warn_of("FlexibleTimeWindow", NO_WINDOW);
    }
}

/// When a schedule is due, and whether it is on.
#[derive(Debug, Clone)]
pub(super) struct Timing {
    pub expression: ScheduleExpression,
    pub expression_text: String,
    pub time_zone: String,
    pub start_at: Option<jiff::Timestamp>,
    pub end_at: Option<jiff::Timestamp>,
    pub enabled: bool,
}

pub(super) fn timing(
    fields: &Fields<'_>,
    property: &str,
    service: ScheduleService,
) -> Option<Timing> {
    let node = fields.node(property);
    let expression = node.and_then(|node| expression(fields, property, node, service));
    let enabled = enabled(fields);
    let time_zone = time_zone(fields);
    let start_at = instant(fields, "StartDate");
    let end_at = instant(fields, "EndDate");
    let (expression, expression_text) = expression?;
    Some(Timing {
        expression,
        expression_text,
        time_zone,
        start_at,
        end_at,
        enabled,
    })
}

/// The expression, and its text.
fn expression(
    fields: &Fields<'_>,
    property: &str,
    node: &Node,
    service: ScheduleService,
) -> Option<(ScheduleExpression, String)> {
    let text = fields.text_of(property, node)?;
    let inner = |name: &str| {
        let rest = text.trim().strip_prefix(name)?.strip_prefix('(')?;
        rest.strip_suffix(')')
    };
    let expression = if let Some(rate_text) = inner("rate") {
        // A rule requires `1 minute` and `2 minutes`, the scheduler accepts either form for both.
        ::schedule::rate(rate_text, service == ScheduleService::Rule)
            .map(ScheduleExpression::Rate)
            .map_err(|problem| (rate_text.to_owned(), problem.to_owned()))
    } else if let Some(cron_text) = inner("cron") {
        Cron::parse(cron_text)
            .map(ScheduleExpression::Cron)
            .map_err(|error| (error.part, error.problem))
    } else if let (Some(at), ScheduleService::Scheduler) = (inner("at"), service) {
        let problem = "`at(…)` holds a time such as 2026-12-31T23:59:00";
        at.parse()
            .map(ScheduleExpression::At)
            .map_err(|_| (at.to_owned(), problem.to_owned()))
    } else {
        let known = match service {
            ScheduleService::Rule => "a schedule is `rate(…)` or `cron(…)`",
            ScheduleService::Scheduler => "a schedule is `rate(…)`, `cron(…)` or `at(…)`",
        };
        Err((text.clone(), known.to_owned()))
    };
    match expression {
        Ok(expression) => Some((expression, text)),
        Err((part, problem)) => {
            let help = "for example `rate(5 minutes)`, or `cron(0 8 ? * MON-FRI *)`: minutes, \
                        hours, day of month, month, day of week, year";
            fields.wrong_part(property, node, &part, &problem, help);
            None
        }
    }
}

pub(super) fn input(fields: &Fields<'_>) -> Option<String> {
    let text = fields.text("Input")?;
    if let Err(error) = serde_json::from_str::<serde_json::Value>(&text) {
        let found = format!("at its character {}", error.column());
        let help = "it is what the function is given; text needs quotation marks of its own";
        fields.wrong("Input", "must be JSON", &found, help);
        return None;
    }
    Some(text)
}

fn enabled(fields: &Fields<'_>) -> bool {
    let states = [
        ("ENABLED", true),
        ("DISABLED", false),
        ("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", true),
    ];
    let state = fields.choice("State", &states);
    let enabled = fields.boolean("Enabled");
    if state.is_some() && enabled.is_some() {
        let must = "cannot stand beside `State`";
        fields.wrong("Enabled", must, "says the same", "keep one of them");
    }
    state.or(enabled).unwrap_or(true)
}

fn time_zone(fields: &Fields<'_>) -> String {
    let Some(name) = fields.text("ScheduleExpressionTimezone") else {
        return "UTC".to_owned();
    };
    if jiff::tz::TimeZone::get(&name).is_err() {
        let must = "must be the name of a time zone";
        let (property, help) = ("ScheduleExpressionTimezone", "for example `Europe/Vienna`");
        fields.wrong(property, must, "no such time zone", help);
    }
    name
}

fn instant(fields: &Fields<'_>, property: &str) -> Option<jiff::Timestamp> {
    let parsed = fields.text(property)?.parse().ok();
    if parsed.is_none() {
        let help = "for example 2026-12-31T23:59:00Z";
        fields.wrong(property, "must be an instant", "not such a time", help);
    }
    parsed
}
