//! Deploying templates to the server: tables, APIs, functions, schedules.
//!
//! [`stack`] deploys the one template of `lambdura up`, in this process; [`stacks`] those that come over the API and
//! are recorded in the store: [`requests`] parses the requests, [`submitted`] checks them, [`change`] lists the
//! changes, [`rollout`] tries the deployment and decides it. Design: ADR 24.

mod ground;

mod apis;
mod companion;
mod stack;

mod change;
mod document;
pub(crate) mod requests;
mod rollout;
mod stacks;
mod submitted;
mod upload;

pub use stack::{
    Artifacts, DeployedEventSource, DeployedFunction, DeployedSchedule, Deployment, LeftOutFunction,
};
