//! The next deadline, for the code that moves time.

use model::{DeadlineReason, ExecutionId, Timestamp};
use store::StoreFault;

use crate::Driver;

/// Timers looked at first, and how much more are looked at each time that it was not enough.
const LOOKED_AT: usize = 64;
const MORE: usize = 8;

impl Driver {
    /// The soonest deadline of an execution that can be worked on, of any kind.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn next_deadline(&self) -> Result<Option<Timestamp>, StoreFault> {
        // Executions that are set aside may all be overdue.
        let limit = 1 + self.inner.aside.count();
        let deadlines = self.soonest_deadlines(limit).await?;
        let mut live = deadlines
            .into_iter()
            .filter(|(_, id)| !self.inner.aside.contains(id));
        Ok(live.next().map(|(at, _)| at))
    }

    /// The soonest deadline of an execution that waits for one: not that of an execution that would only time out, and
    /// not the end of a record that is kept.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn next_awaited(&self) -> Result<Option<Timestamp>, StoreFault> {
        let mut limit = LOOKED_AT;
        let mut seen = 0;
        loop {
            let timers = self.inner.store.open_timers(limit).await?;
            for timer in timers.iter().skip(seen) {
                let id = &timer.arn.id;
                if self.inner.aside.contains(id) {
                    continue;
                }
                let waits = timer.deadline.reason != DeadlineReason::ExecutionTimeout
                    || self.waits_beyond_its_timeout(id).await?;
                if waits {
                    return Ok(Some(timer.deadline.at));
                }
            }
            if timers.len() < limit {
                return Ok(None);
            }
            seen = timers.len();
            limit *= MORE;
        }
    }

    /// Whether an execution whose timeout comes first has another deadline.
    async fn waits_beyond_its_timeout(&self, id: &ExecutionId) -> Result<bool, StoreFault> {
        let execution = self.inner.store.load(id).await?;
        Ok(execution.is_some_and(|it| it.deadlines().nth(1).is_some()))
    }
}
