//! The event for a function whose schedule is due.
//!
//! Source: EventBridge user guide, "Events from EventBridge", and EventBridge Scheduler user guide,
//! "Adding context attributes", read 2026-11.

use serde_json::json;
use stack::ScheduleService;

use super::occurrence::Occurrence;
use crate::functions::Home;

/// The schedule's `Input`, or an event about the schedule.
pub(super) fn event(occurrence: &Occurrence<'_>, home: &Home) -> Vec<u8> {
    let schedule = occurrence.schedule;
    let (id, time) = (occurrence.event_id(), occurrence.time());
    let text = match (&schedule.input, schedule.service) {
        (Some(input), ScheduleService::Rule) => input.clone(),
        (Some(input), ScheduleService::Scheduler) => input
            .replace("<aws.scheduler.schedule-arn>", schedule.source_arn())
            .replace("<aws.scheduler.scheduled-time>", &time)
            .replace("<aws.scheduler.execution-id>", &id)
            .replace("<aws.scheduler.attempt-number>", "1"),
        (None, service) => {
            let (source, detail) = match service {
                ScheduleService::Rule => ("aws.events", json!({})),
                ScheduleService::Scheduler => ("aws.scheduler", json!("{}")),
            };
            json!({
                "version": "0",
                "id": id,
                "detail-type": "Scheduled Event",
                "source": source,
                "account": home.account_id,
                "time": time,
                "region": home.region,
                "resources": [schedule.source_arn()],
                "detail": detail,
            })
            .to_string()
        }
    };
    text.into_bytes()
}
