//! Replaying what is recorded, and nothing beyond: how today's code is held against yesterday's histories.
//!
//! What is not recorded does not begin: it waits, and once nothing else can go on, the invocation ends.

use std::fmt::Debug;

/// Looks on while a recorded execution is replayed. For `lambdura-testing`; it may change with any release.
#[doc(hidden)]
pub trait ReplayWatcher: Debug + Send + Sync + 'static {
    /// The code has called the operation with this id.
    fn called(&self, operation_id: &str);

    /// The code has called an operation that is not recorded, in the context with this id, or the handler itself.
    fn not_recorded(&self, operation: &str, parent_id: Option<&str>);
}
