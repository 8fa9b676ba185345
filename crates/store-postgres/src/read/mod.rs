//! How rows become what they were.

mod event;
mod execution;
mod operation;
mod queue;
mod summary;

pub(crate) use event::{event_head_of, read_event};
pub(crate) use execution::{load, read_arn, read_deadline, read_head, read_record};
pub(crate) use operation::read_operation;
pub(crate) use queue::{read_dead_letter, read_invocation};
pub(crate) use summary::{named, read_summary};

/// A limit as the database takes it: at least one row.
pub(crate) fn row_limit(limit: usize) -> i64 {
    i64::try_from(limit.max(1)).unwrap_or(i64::MAX)
}
