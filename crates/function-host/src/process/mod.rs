//! One function process: started for an invocation, fed over its Runtime API, kept warm, ended.
//!
//! Each process has one task that owns everything about it. Invocations reach it from the pool, calls from its Runtime
//! API connections, output from its pipes; no other task changes its state.

mod actor;
mod attribution;
mod delivery;
mod ending;
mod extension;
mod extension_calls;
mod launcher;
mod log;
mod outcome;
mod parts;
mod phase;
mod report;
mod sweeper;
mod telemetry;

pub(crate) use actor::run;
pub(crate) use launcher::Launcher;
pub(crate) use sweeper::Sweeper;
