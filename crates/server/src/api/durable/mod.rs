//! Durable executions: the operations of clients and of running functions.

mod arn;
pub(super) mod callback;
pub(super) mod checkpoint;
pub(super) mod execution;
pub(super) mod history;
pub(super) mod pause;
