//! How far schedules have come.

use store::{AsyncInvocation, AsyncInvocationId, ScheduleMark, ScheduleMarks, StoreFuture};

use super::SqliteStore;
use crate::job::Write;
use crate::read;

impl ScheduleMarks for SqliteStore {
    fn put_schedule_mark(&self, mark: ScheduleMark) -> StoreFuture<'_, ()> {
        self.do_write(Write::PutScheduleMark(mark))
    }

    fn enqueue_scheduled(
        &self,
        invocation: AsyncInvocation,
        mark: ScheduleMark,
    ) -> StoreFuture<'_, AsyncInvocationId> {
        self.accept(Write::EnqueueScheduled(invocation, mark))
    }

    fn delete_schedule_mark(&self, schedule: &str) -> StoreFuture<'_, ()> {
        self.do_write(Write::DeleteScheduleMark(schedule.to_owned()))
    }

    fn schedule_marks(&self) -> StoreFuture<'_, Vec<ScheduleMark>> {
        let attempted = "read how far schedules have come".to_owned();
        self.readers.read(attempted, read::schedule_marks)
    }
}
