//! How rows become our types again, beyond the code that all stores with tables share.

mod execution;
mod summary;

pub(crate) use execution::{load, read_record};
pub(crate) use store::columns::read_arn;
pub(crate) use summary::{named, read_summary};

/// A limit as the database takes it: at least one row.
pub(crate) fn row_limit(limit: usize) -> i64 {
    i64::try_from(limit.max(1)).unwrap_or(i64::MAX)
}
