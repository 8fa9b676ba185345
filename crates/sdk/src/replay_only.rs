//! Replay of recorded operations only: checks today's code against yesterday's histories.
//!
//! An operation that is not recorded does not begin: it waits, and once nothing else can go on, the invocation ends.

use std::fmt::Debug;

/// Observes the replay of a recorded execution. For `lambdura-testing`; it may change with any release.
#[doc(hidden)]
pub trait ReplayWatcher: Debug + Send + Sync + 'static {
    /// The code has called the operation with this id.
    fn called(&self, operation_id: &str);

    /// The code has called an operation that is not recorded, in the context with this id, or in the handler itself.
    fn not_recorded(&self, operation: &str, parent_id: Option<&str>);
}
