//! `Schedule` and `ScheduleV2` events of functions.
//!
//! Source of names: AWS SAM developer guide, `Schedule` and `ScheduleV2`; of expressions:
//! EventBridge user guide, "Schedule expressions", and EventBridge Scheduler user guide, "Schedule
//! types"; read 2026-11-23.

use std::time::Duration;

use crate::template::{Entry, Fields, Known, Node, ignored, physical_name, used};
use crate::{Cron, ScheduleExpression, ScheduleResource, ScheduleService};

const NO_DEAD_LETTERS: &str = "events that fail are not sent to a queue";
const NO_RETRY_POLICY: &str = "asynchronous events have Lambda's default retries";
const NO_IAM: &str = "permissions are not checked here";

const RULE_PROPERTIES: [Known; 9] = [
    used("Description"),
    used("Enabled"),
    used("Input"),
    used("Name"),
    used("RoleArn"),
    used("Schedule"),
    used("State"),
    ignored("DeadLetterConfig", NO_DEAD_LETTERS),
    ignored("RetryPolicy", NO_RETRY_POLICY),
];

const SCHEDULER_PROPERTIES: [Known; 16] = [
    used("Description"),
    used("EndDate"),
    used("GroupName"),
    used("Input"),
    used("Name"),
    used("OmitName"),
    used("RoleArn"),
    used("ScheduleExpression"),
    used("ScheduleExpressionTimezone"),
    used("StartDate"),
    used("State"),
    ignored("DeadLetterConfig", NO_DEAD_LETTERS),
    ignored(
        "FlexibleTimeWindow",
        "the function is invoked at the beginning of the window",
    ),
    ignored("KmsKeyArn", "nothing is encrypted with a key here"),
    ignored("PermissionsBoundary", NO_IAM),
    ignored("RetryPolicy", NO_RETRY_POLICY),
];

pub(super) fn schedule<'a>(
    described: &Fields<'a>,
    event_type: &str,
    function: usize,
    event: &'a Entry,
) -> Option<ScheduleResource> {
    let (service, known, property) = match event_type {
        "Schedule" => (
            ScheduleService::Rule,
            RULE_PROPERTIES.as_slice(),
            "Schedule",
        ),
        _ => {
            let known = SCHEDULER_PROPERTIES.as_slice();
            (ScheduleService::Scheduler, known, "ScheduleExpression")
        }
    };
    let resolver = described.resolver;
    described.required("Properties", "a schedule says when it is due")?;
    let fields = described.mapping("Properties", known)?;
    let help = "for example `rate(5 minutes)` or `cron(0 8 ? * MON-FRI *)`";
    let expression = fields
        .required(property, help)
        .and_then(|entry| expression(&fields, property, &entry.value, service));
    let input = input(&fields);
    let enabled = enabled(&fields);
    let time_zone = time_zone(&fields);
    let start_at = instant(&fields, "StartDate");
    let end_at = instant(&fields, "EndDate");
    let id = resolver.resources[function].logical_id;
    let logical_id = format!("{id}{}", event.key);
    let name = fields
        .text("Name")
        .unwrap_or_else(|| physical_name(&resolver.pseudo.stack_name, &logical_id, 64));
    let arn = match service {
        ScheduleService::Rule => resolver.pseudo.rule_arn(&name),
        ScheduleService::Scheduler => {
            let group = fields.text("GroupName");
            let group = group.unwrap_or_else(|| "default".to_owned());
            resolver.pseudo.schedule_arn(&group, &name)
        }
    };
    let (expression, expression_text) = expression?;
    Some(ScheduleResource {
        logical_id,
        name,
        arn,
        service,
        function: id.to_owned(),
        qualifier: resolver.published_alias(function).map(str::to_owned),
        event: event.key.to_string(),
        expression,
        expression_text,
        time_zone,
        start_at,
        end_at,
        input,
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
        rate(rate_text, service)
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

/// `5 minutes`; a rule wants `1 minute` and `2 minutes`, the scheduler takes either for both.
fn rate(text: &str, service: ScheduleService) -> Result<Duration, &'static str> {
    let form = "a rate is a whole number above 0 and `minute(s)`, `hour(s)` or `day(s)`";
    let words: Vec<&str> = text.split_whitespace().collect();
    let [value, unit] = words.as_slice() else {
        return Err(form);
    };
    let value: u64 = value.parse().map_err(|_| form)?;
    let singular = unit.strip_suffix('s').unwrap_or(unit);
    let seconds = match singular {
        "minute" => 60,
        "hour" => 60 * 60,
        "day" => 24 * 60 * 60,
        _ => return Err(form),
    };
    // A century is more than anyone means, and far from where arithmetic ends.
    if value == 0 || value > 100 * 366 * 24 * 60 {
        return Err(form);
    }
    if service == ScheduleService::Rule && (value == 1) != (singular == *unit) {
        return Err("1 has a unit without `s`, any other number one with it");
    }
    Ok(Duration::from_secs(value * seconds))
}

fn input(fields: &Fields<'_>) -> Option<String> {
    let entry = fields.entry("Input")?;
    let text = fields.text("Input")?;
    if let Err(error) = serde_json::from_str::<serde_json::Value>(&text) {
        fields.wrong(
            "Input",
            &entry.value,
            "must be JSON",
            &format!("at its character {}", error.column()),
            "it is what the function is given; text needs quotation marks of its own",
        );
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
    if let (Some(_), Some(_), Some(entry)) = (state, enabled, fields.entry("Enabled")) {
        let help = "keep one of them";
        fields.wrong(
            "Enabled",
            &entry.value,
            "cannot stand beside `State`",
            "says the same",
            help,
        );
    }
    state.or(enabled).unwrap_or(true)
}

fn time_zone(fields: &Fields<'_>) -> String {
    const UTC: &str = "UTC";
    const PROPERTY: &str = "ScheduleExpressionTimezone";
    let Some(name) = fields.text(PROPERTY) else {
        return UTC.to_owned();
    };
    if let (Err(_), Some(entry)) = (jiff::tz::TimeZone::get(&name), fields.entry(PROPERTY)) {
        fields.wrong(
            PROPERTY,
            &entry.value,
            "must be the name of a time zone",
            "no such time zone",
            "for example `Europe/Vienna`",
        );
    }
    name
}

fn instant(fields: &Fields<'_>, property: &str) -> Option<jiff::Timestamp> {
    let entry = fields.entry(property)?;
    let text = fields.text(property)?;
    let parsed = text.parse().ok();
    if parsed.is_none() {
        fields.wrong(
            property,
            &entry.value,
            "must be an instant",
            "not such a time",
            "for example 2026-12-31T23:59:00Z",
        );
    }
    parsed
}
