//! Schedules: only what they accept is counted.

use store::{AsyncInvocation, AsyncInvocationId, ScheduleMark, ScheduleMarks, StoreFuture};

use super::CrashingStore;

impl ScheduleMarks for CrashingStore {
    fn put_schedule_mark(&self, mark: ScheduleMark) -> StoreFuture<'_, ()> {
        self.inner.put_schedule_mark(mark)
    }

    fn enqueue_scheduled(
        &self,
        invocation: AsyncInvocation,
        mark: ScheduleMark,
    ) -> StoreFuture<'_, AsyncInvocationId> {
        self.write(|inner| inner.enqueue_scheduled(invocation, mark))
    }

    fn delete_schedule_mark(&self, schedule: &str) -> StoreFuture<'_, ()> {
        self.inner.delete_schedule_mark(schedule)
    }

    fn schedule_marks(&self) -> StoreFuture<'_, Vec<ScheduleMark>> {
        self.inner.schedule_marks()
    }
}
