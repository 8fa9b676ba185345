//! Making the server what a template says: tables, APIs, functions, schedules.

mod apis;
mod stack;

pub use stack::{Artifacts, DeployedFunction, DeployedSchedule, Deployment, LeftOutFunction};
