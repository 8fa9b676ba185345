//! Schedules: functions that are invoked by the clock.
//!
//! How far each has come is stored. An occurrence fires once, whatever the clock does; what came due
//! while nothing ran is made up for, the latest of it, at the next start.

mod event;
mod fire;
mod occurrence;
mod plan;

pub(crate) use plan::Schedules;
