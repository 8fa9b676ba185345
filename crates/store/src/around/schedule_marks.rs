//! How far schedules have come.

use super::{Around, Call, Surround};
use crate::{AsyncInvocation, AsyncInvocationId, ScheduleMark, ScheduleMarks, StoreFuture};

impl<S: Surround> ScheduleMarks for Around<S> {
    fn put_schedule_mark(&self, mark: ScheduleMark) -> StoreFuture<'_, ()> {
        let call = Call::Describe("put_schedule_mark");
        self.around
            .call(call, move || self.inner.put_schedule_mark(mark))
    }

    fn enqueue_scheduled(
        &self,
        invocation: AsyncInvocation,
        mark: ScheduleMark,
    ) -> StoreFuture<'_, AsyncInvocationId> {
        let call = Call::Write("enqueue_scheduled");
        self.around
            .call(call, move || self.inner.enqueue_scheduled(invocation, mark))
    }

    fn delete_schedule_mark(&self, schedule: &str) -> StoreFuture<'_, ()> {
        let schedule = schedule.to_owned();
        let call = Call::Describe("delete_schedule_mark");
        self.around
            .call(call, move || self.inner.delete_schedule_mark(&schedule))
    }

    fn schedule_marks(&self) -> StoreFuture<'_, Vec<ScheduleMark>> {
        let call = Call::Read("schedule_marks");
        self.around.call(call, move || self.inner.schedule_marks())
    }
}
