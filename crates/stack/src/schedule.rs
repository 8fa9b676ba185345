//! A function's schedule.

use std::time::Duration;

use crate::Cron;

/// A `Schedule` or `ScheduleV2` event of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleResource {
    /// The key of the rule or schedule that SAM makes of it: `<function><event>`.
    pub logical_id: String,
    /// `Name`, or `<stack>-<logical id>` where the template leaves the name to AWS.
    pub name: String,
    /// The ARN of the rule or schedule.
    pub arn: String,
    /// Which service it would be a part of on AWS: they send different events.
    pub service: ScheduleService,
    /// The logical id of the function.
    pub function: String,
    /// The function's `AutoPublishAlias`, which SAM points events at; `None` means `$LATEST`.
    pub qualifier: Option<String>,
    /// The key under the function's `Events`.
    pub event: String,
    /// When.
    pub expression: ScheduleExpression,
    /// `Schedule` or `ScheduleExpression`, as written.
    pub expression_text: String,
    /// `ScheduleExpressionTimezone`: an IANA name, `UTC` unless the template says otherwise.
    pub time_zone: String,
    /// `StartDate`.
    pub start_at: Option<jiff::Timestamp>,
    /// `EndDate`.
    pub end_at: Option<jiff::Timestamp>,
    /// `Input`, which is JSON; without it the function is sent an event about the schedule.
    pub input: Option<String>,
    /// `Enabled` and `State`.
    pub enabled: bool,
}

/// Which service keeps a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleService {
    /// `Schedule`: an EventBridge rule.
    Rule,
    /// `ScheduleV2`: EventBridge Scheduler.
    Scheduler,
}

/// When a schedule is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScheduleExpression {
    /// `rate(…)`: again and again after so long.
    Rate(Duration),
    /// `cron(…)`
    Cron(Cron),
    /// `at(…)`: once, on the clock of the schedule's time zone.
    At(jiff::civil::DateTime),
}
