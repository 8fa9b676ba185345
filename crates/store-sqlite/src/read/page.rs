//! The common part of lists of rows.

use crate::unreadable::Kind;

/// Columns of the view `execution_records`: of these, the id tells which one it is.
pub(super) const EXECUTION: Kind = Kind {
    name: "execution",
    key: &[1],
};

/// A limit as SQLite takes it; a page has at least one row.
pub(super) fn row_limit(limit: usize) -> i64 {
    i64::try_from(limit.max(1)).unwrap_or(i64::MAX)
}
