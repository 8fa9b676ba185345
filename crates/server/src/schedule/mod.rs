//! Schedules: functions that are invoked by the clock.
//!
//! The progress of each schedule is stored. An occurrence fires once, even if the clock is set back; of those that came
//! due while no server ran, the latest fires at the next start.

mod event;
mod fire;
mod occurrence;
mod plan;

pub(crate) use plan::Schedules;
