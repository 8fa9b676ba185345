//! How far schedules have come.

use model::Timestamp;

use crate::{AsyncInvocation, AsyncInvocationId, StoreFuture};

/// One mark for each schedule, by its ARN. A new mark replaces the old one; putting and deleting are
/// idempotent.
///
/// Marks are not fenced: servers that share a store must agree by other means which of them fires a
/// schedule.
pub trait ScheduleMarks: Send + Sync + 'static {
    /// Records how far a schedule has come.
    fn put_schedule_mark(&self, mark: ScheduleMark) -> StoreFuture<'_, ()>;

    /// Accepts an occurrence of a schedule as
    /// [`InvocationQueue::enqueue`](crate::InvocationQueue::enqueue) does, with the schedule's new
    /// mark: both or neither.
    fn enqueue_scheduled(
        &self,
        invocation: AsyncInvocation,
        mark: ScheduleMark,
    ) -> StoreFuture<'_, AsyncInvocationId>;

    /// Forgets a schedule, by its ARN, if there is such a one.
    fn delete_schedule_mark(&self, schedule: &str) -> StoreFuture<'_, ()>;

    /// How far all schedules have come, in order of their ARNs.
    fn schedule_marks(&self) -> StoreFuture<'_, Vec<ScheduleMark>>;
}

/// How far a schedule has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleMark {
    /// The ARN of the rule or schedule.
    pub schedule: String,
    /// Its definition, in a form of the server's own: a schedule that is changed begins anew.
    pub definition: String,
    /// Occurrences up to this instant are done with, or were before its time.
    pub done_until: Timestamp,
}
