//! How far schedules have come.

use store::{
    AsyncInvocation, AsyncInvocationId, ScheduleMark, ScheduleMarks, StoreFuture, StoreWrite,
};

use super::SqliteStore;
use crate::read;

impl ScheduleMarks for SqliteStore {
    fn put_schedule_mark(&self, mark: ScheduleMark) -> StoreFuture<'_, ()> {
        self.do_write(StoreWrite::PutScheduleMark(mark))
    }

    fn enqueue_scheduled(
        &self,
        invocation: AsyncInvocation,
        mark: ScheduleMark,
    ) -> StoreFuture<'_, AsyncInvocationId> {
        self.accept(StoreWrite::EnqueueScheduled(invocation, mark))
    }

    fn delete_schedule_mark(&self, schedule: &str) -> StoreFuture<'_, ()> {
        self.do_write(StoreWrite::DeleteScheduleMark(schedule.to_owned()))
    }

    fn schedule_marks(&self) -> StoreFuture<'_, Vec<ScheduleMark>> {
        let attempted = "read how far schedules have come".to_owned();
        self.readers.read(attempted, read::schedule_marks)
    }
}
