//! Writing records: one module for each kind of row, all statements prepared once.

mod deployment;
mod event;
mod execution;
mod operation;
mod queue;
mod schedule;
mod set_aside;
mod state;
mod statements;

pub(crate) use execution::Known;
pub(crate) use statements::Statements;
