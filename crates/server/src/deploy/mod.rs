//! Making the server what templates say: tables, APIs, functions, schedules.
//!
//! [`stack`] does it for the one template of `lambdura up`, in this process; [`stacks`] for those that are deployed over the
//! API and recorded in the store: [`requests`] reads what is asked for, [`submitted`] checks it, [`change`] says what it would
//! change, [`rollout`] tries and decides it. Design: ADR 24.

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
