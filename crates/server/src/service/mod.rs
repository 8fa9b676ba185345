//! Our own routes on the main port: health, logs, dead letters and executions set aside, which AWS keeps in other
//! services or to itself; the clock and the answers of tests, which AWS does not have.

pub(crate) mod access_keys;
pub(crate) mod answers;
pub(crate) mod clock;
pub(crate) mod dead_letters;
pub(crate) mod health;
pub(crate) mod logs;
mod parameter;
mod processes;
mod route;
pub(crate) mod session;
pub(crate) mod set_aside;
mod stacks;
pub(crate) mod version_code;

pub(crate) use health::readiness_problems;
pub(crate) use processes::{VersionProcesses, processes};
pub(crate) use route::{change, handle};
pub(crate) use set_aside::cut;
