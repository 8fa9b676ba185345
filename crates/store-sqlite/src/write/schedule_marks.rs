//! How far schedules have come.

use store::ScheduleMark;

use super::Statements;

impl Statements<'_> {
    pub(crate) fn put_schedule_mark(&mut self, mark: &ScheduleMark) -> rusqlite::Result<()> {
        let ScheduleMark {
            schedule,
            definition,
            done_until,
        } = mark;
        self.replace_schedule_mark
            .execute((schedule, definition, done_until.as_millis()))
            .map(drop)
    }

    pub(crate) fn delete_schedule_mark(&mut self, schedule: &str) -> rusqlite::Result<()> {
        self.delete_schedule_mark.execute([schedule]).map(drop)
    }
}
