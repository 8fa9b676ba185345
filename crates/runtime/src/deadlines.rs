//! Which deadlines are looked at.

use model::{ExecutionId, Timestamp};
use store::StoreFault;

use crate::Driver;

impl Driver {
    /// The soonest deadlines; without those that would delete what was kept long enough while the
    /// clock is not sure how long that is ([`Clock::deletions_allowed`](crate::Clock)). What is left
    /// out here takes nobody's place, however much of it there is.
    pub(crate) async fn soonest_deadlines(
        &self,
        limit: usize,
    ) -> Result<Vec<(Timestamp, ExecutionId)>, StoreFault> {
        let (store, of) = (&self.inner.store, self.inner.territory.shards());
        if self.inner.clock.deletions_allowed() {
            store.deadlines(of, limit).await
        } else {
            store.waking_deadlines(of, limit).await
        }
    }
}
