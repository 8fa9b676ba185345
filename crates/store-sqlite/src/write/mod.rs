//! Writing records: one module for each kind of row, all statements prepared once.

mod access_keys;
mod audit;
mod catalogue;
mod event;
mod execution;
mod operation;
mod queue;
mod schedule_marks;
mod stacks;
mod state;
mod statements;
mod work;

pub(crate) use execution::Known;
pub(crate) use statements::Statements;
