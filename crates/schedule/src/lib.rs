//! When a schedule is due: AWS's `rate(…)`, `cron(…)` and `at(…)`, on the clock of a time zone.
//!
//! Takes expressions and returns times. The caller decides what to do then, and stores the progress of a schedule.

mod cron;
mod expression;
mod next;

pub use cron::{Cron, CronDays, CronError};
pub use expression::{ExpressionError, ScheduleExpression, rate};
pub use next::{Timing, compact, goes_on_at, has_time_zone, latest, next};
