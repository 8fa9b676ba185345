//! Which deadlines are looked at.

use model::{ExecutionId, Timestamp};
use store::StoreFault;

use crate::Driver;

impl Driver {
    /// The soonest deadlines. Leaves out deletions of data that was kept long enough while the clock is not sure how
    /// long that is ([`Clock::deletions_allowed`](crate::Clock)). They do not count towards the limit, however many
    /// there are.
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
