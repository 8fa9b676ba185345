//! The writer's rows for each table, and the statements that take them.

mod event;
mod one;
mod operation;
mod queue;
mod spec;
mod state;
mod statement;
mod transitions;

pub(crate) use one::{Cells, one};
pub(crate) use queue::{INVOCATION, add_invocation, dequeue, enqueue};
pub(crate) use statement::{BEGIN, Prepared, Sql, Statements, transact};
pub(crate) use transitions::Transitions;
