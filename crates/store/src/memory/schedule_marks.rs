//! Marks of schedules in memory.

use super::MemoryStore;
use crate::{AsyncInvocation, AsyncInvocationId, ScheduleMark, ScheduleMarks, StoreFuture};

impl ScheduleMarks for MemoryStore {
    fn put_schedule_mark(&self, mark: ScheduleMark) -> StoreFuture<'_, ()> {
        self.call("record a schedule", |tables| {
            tables.schedule_marks.insert(mark.schedule.clone(), mark);
        })
    }

    fn enqueue_scheduled(
        &self,
        invocation: AsyncInvocation,
        mark: ScheduleMark,
    ) -> StoreFuture<'_, AsyncInvocationId> {
        self.call("accept an invocation", |tables| {
            tables.schedule_marks.insert(mark.schedule.clone(), mark);
            tables.queue.enqueue(invocation)
        })
    }

    fn delete_schedule_mark(&self, schedule: &str) -> StoreFuture<'_, ()> {
        self.call("forget a schedule", |tables| {
            tables.schedule_marks.remove(schedule);
        })
    }

    fn schedule_marks(&self) -> StoreFuture<'_, Vec<ScheduleMark>> {
        self.call("read schedules", |tables| {
            tables.schedule_marks.values().cloned().collect()
        })
    }
}
