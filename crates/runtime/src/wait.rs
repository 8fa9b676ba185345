//! Waiting for an execution's end, whichever server drives it.

use std::sync::Arc;
use std::time::Duration;

use model::ExecutionId;
use store::{ExecutionRecord, StoreFault};

use crate::Driver;

/// How often a caller looks again that waits for an execution which another server drives.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

impl Driver {
    /// Waits until the execution has ended and returns its record; `None` when it does not exist. Cancel safe.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn wait_ended(
        &self,
        id: &ExecutionId,
    ) -> Result<Option<Arc<ExecutionRecord>>, StoreFault> {
        // Listen first, look second: an end in between is not missed.
        let mut joined = self.inner.waiters.join(id);
        if !self.runs_in_memory(id).await {
            match self.inner.store.record(id).await? {
                Some(record) if record.state.outcome.is_none() => {}
                ended_or_unknown => return Ok(ended_or_unknown.map(Arc::new)),
            }
        }
        loop {
            tokio::select! {
                biased;
                record = joined.ended.wait_for(Option::is_some) => {
                    let record = record.expect("whoever has joined keeps the sender alive");
                    return Ok(record.clone());
                }
                // The server that drives it sends no notice here.
                () = async { self.inner.clock.sleep(LOOK_AGAIN).await }, if !self.drives(id) => {}
            }
            match self.inner.store.record(id).await? {
                Some(record) if record.state.outcome.is_none() => {}
                ended_or_unknown => return Ok(ended_or_unknown.map(Arc::new)),
            }
        }
    }

    /// Whether the execution is in memory and has not ended, which spares a look into the store.
    async fn runs_in_memory(&self, id: &ExecutionId) -> bool {
        if self.inner.residents.keeps(id) {
            return true;
        }
        let Some(slot) = self.inner.residents.find(id) else {
            return false;
        };
        let resident = slot.execution.lock().await;
        resident
            .as_ref()
            .is_some_and(|execution| execution.state.outcome.is_none())
    }
}
