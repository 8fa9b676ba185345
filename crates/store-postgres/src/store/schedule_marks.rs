//! How far schedules have come.

use store::columns::read_schedule_mark;
use store::{AsyncInvocation, AsyncInvocationId, ScheduleMark, ScheduleMarks, StoreFuture};

use super::PostgresStore;
use crate::cells::Columns;
use crate::job::Write;

impl ScheduleMarks for PostgresStore {
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
        self.read("read how far schedules have come".to_owned(), async move {
            let sql = include_str!("../sql/read/schedule_marks.sql");
            let rows = self.readers.rows(sql, &[&&*self.account]).await?;
            let read = |row: &_| read_schedule_mark(&mut Columns::of(row));
            Ok(self.unreadable.all("mark of schedule", &rows, read))
        })
    }
}
