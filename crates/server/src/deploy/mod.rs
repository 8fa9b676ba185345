//! Making the server what a template says: tables, APIs, functions, schedules.

mod apis;
mod error;
mod stack;

pub(crate) use apis::ServedApi;
pub use error::DeployError;
pub use stack::{DeployedFunction, DeployedSchedule, Deployment};
