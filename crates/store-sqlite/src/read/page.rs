//! What lists of rows have in common.

use crate::unreadable::Kind;

/// Columns of the view `execution_records`: of those, the id tells which one it is.
pub(super) const EXECUTION: Kind = Kind {
    name: "execution",
    key: &[1],
};

/// A limit as SQLite takes it; a page has at least one row.
pub(super) fn row_limit(limit: usize) -> i64 {
    i64::try_from(limit.max(1)).unwrap_or(i64::MAX)
}
