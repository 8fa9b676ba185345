//! Making the server what a template says: tables, APIs, functions, schedules.

mod apis;
mod companion;
mod stack;

pub use stack::{
    Artifacts, DeployedEventSource, DeployedFunction, DeployedSchedule, Deployment, LeftOutFunction,
};
