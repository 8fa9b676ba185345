//! A schedule as JSON: its expression as the template has it, instants as text.

use schedule::ScheduleExpression;
use serde::{Deserialize, Serialize};

use crate::{ScheduleResource, ScheduleService};

/// See the module.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredSchedule {
    logical_id: String,
    name: String,
    arn: String,
    service: ScheduleService,
    function: String,
    qualifier: Option<String>,
    event: String,
    expression: String,
    time_zone: String,
    start_at: Option<String>,
    end_at: Option<String>,
    input: Option<String>,
    enabled: bool,
}

impl From<ScheduleResource> for StoredSchedule {
    fn from(schedule: ScheduleResource) -> Self {
        let text = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string());
        Self {
            logical_id: schedule.logical_id,
            name: schedule.name,
            arn: schedule.arn,
            service: schedule.service,
            function: schedule.function,
            qualifier: schedule.qualifier,
            event: schedule.event,
            expression: schedule.expression_text,
            time_zone: schedule.time_zone,
            start_at: text(schedule.start_at),
            end_at: text(schedule.end_at),
            input: schedule.input,
            enabled: schedule.enabled,
        }
    }
}

impl TryFrom<StoredSchedule> for ScheduleResource {
    type Error = String;

    fn try_from(stored: StoredSchedule) -> Result<Self, String> {
        let id = stored.logical_id;
        let wrong = |what: &str, problem: String| format!("{what} of schedule `{id}`: {problem}");
        let instant = |what: &str, text: Option<String>| {
            let parsed = text.map(|text| text.parse::<jiff::Timestamp>());
            parsed
                .transpose()
                .map_err(|error| wrong(what, error.to_string()))
        };
        let expression = ScheduleExpression::parse(&stored.expression)
            .map_err(|error| wrong("expression", error.to_string()))?;
        if !schedule::has_time_zone(&stored.time_zone) {
            return Err(wrong(
                "time zone",
                format!("there is no `{}`", stored.time_zone),
            ));
        }
        let start_at = instant("start", stored.start_at)?;
        let end_at = instant("end", stored.end_at)?;
        Ok(Self {
            name: stored.name,
            arn: stored.arn,
            service: stored.service,
            function: stored.function,
            qualifier: stored.qualifier,
            event: stored.event,
            expression,
            expression_text: stored.expression,
            time_zone: stored.time_zone,
            start_at,
            end_at,
            input: stored.input,
            enabled: stored.enabled,
            logical_id: id,
        })
    }
}
