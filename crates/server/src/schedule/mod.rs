//! Schedules: functions that are invoked by the clock.
//!
//! Nothing about them is stored. After a restart the next occurrence in the future is the next one
//! that fires; what was due meanwhile is not made up for.

mod event;
mod next;
mod plan;

pub(crate) use plan::Schedules;
