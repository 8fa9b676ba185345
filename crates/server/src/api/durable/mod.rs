//! Durable executions: what clients ask about them and what running functions report.

mod arn;
pub(super) mod callback;
pub(super) mod checkpoint;
pub(super) mod execution;
pub(super) mod history;
pub(super) mod pause;
