//! Those who wait for an execution's end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::ExecutionId;
use store::{ExecutionRecord, StoreFault};
use tokio::sync::watch;

use crate::Driver;

/// How often those look who wait for an execution that another server drives.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

#[derive(Debug, Default)]
pub(crate) struct Waiters {
    waiting: Mutex<HashMap<ExecutionId, Waiting>>,
}

#[derive(Debug)]
struct Waiting {
    ended: watch::Sender<Option<Arc<ExecutionRecord>>>,
    waiters: usize,
}

impl Waiters {
    /// Hands the record of an ended execution to everybody who waits for it.
    pub fn ended(&self, id: &ExecutionId, record: impl FnOnce() -> ExecutionRecord) {
        let waiting = self
            .waiting
            .lock()
            .expect("the map is never left half changed");
        if let Some(entry) = waiting.get(id) {
            entry.ended.send_replace(Some(Arc::new(record())));
        }
    }

    fn join(&self, id: &ExecutionId) -> watch::Receiver<Option<Arc<ExecutionRecord>>> {
        let mut waiting = self
            .waiting
            .lock()
            .expect("the map is never left half changed");
        let entry = waiting.entry(id.clone()).or_insert_with(|| Waiting {
            ended: watch::Sender::new(None),
            waiters: 0,
        });
        entry.waiters += 1;
        entry.ended.subscribe()
    }

    fn leave(&self, id: &ExecutionId) {
        let mut waiting = self
            .waiting
            .lock()
            .expect("the map is never left half changed");
        let entry = waiting.get_mut(id).expect("whoever leaves has joined");
        entry.waiters -= 1;
        if entry.waiters == 0 {
            waiting.remove(id);
        }
    }
}

/// Leaves when the waiting future is dropped, whatever the reason.
struct Joined<'a> {
    waiters: &'a Waiters,
    id: &'a ExecutionId,
}

impl Drop for Joined<'_> {
    fn drop(&mut self) {
        self.waiters.leave(self.id);
    }
}

impl Driver {
    /// Waits until the execution has ended and returns its record; none when there is no such one.
    /// Cancel safe.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn wait_ended(
        &self,
        id: &ExecutionId,
    ) -> Result<Option<Arc<ExecutionRecord>>, StoreFault> {
        // Listen first, look second: an end in between is not missed.
        let mut ended = self.inner.waiters.join(id);
        let _joined = Joined {
            waiters: &self.inner.waiters,
            id,
        };
        if !self.runs_in_memory(id).await {
            match self.inner.store.record(id).await? {
                Some(record) if record.state.outcome.is_none() => {}
                ended_or_unknown => return Ok(ended_or_unknown.map(Arc::new)),
            }
        }
        loop {
            tokio::select! {
                biased;
                record = ended.wait_for(Option::is_some) => {
                    let record = record.expect("whoever has joined keeps the sender alive");
                    return Ok(record.clone());
                }
                // The server that drives it tells nobody here.
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
