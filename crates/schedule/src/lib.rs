//! When a schedule is due: AWS's `rate(…)`, `cron(…)` and `at(…)`, on the clock of a time zone.
//!
//! Expressions in, instants out; what is done then, and how far a schedule has come, is for whoever keeps it.

mod cron;
mod expression;
mod next;

pub use cron::{Cron, CronDays, CronError};
pub use expression::{ExpressionError, ScheduleExpression, rate};
pub use next::{Timing, compact, goes_on_at, has_time_zone, latest, next};
