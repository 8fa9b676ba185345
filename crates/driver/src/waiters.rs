//! Those who wait for an execution's end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use model::ExecutionId;
use store::{ExecutionRecord, StoreFault};
use tokio::sync::Notify;

use crate::Driver;

#[derive(Debug, Default)]
pub(crate) struct Waiters {
    waiting: Mutex<HashMap<ExecutionId, Waiting>>,
}

#[derive(Debug)]
struct Waiting {
    ended: Arc<Notify>,
    waiters: usize,
}

impl Waiters {
    /// Wakes everybody who waits for this execution.
    pub fn ended(&self, id: &ExecutionId) {
        let waiting = self
            .waiting
            .lock()
            .expect("the map is never left half changed");
        if let Some(entry) = waiting.get(id) {
            entry.ended.notify_waiters();
        }
    }

    fn join(&self, id: &ExecutionId) -> Arc<Notify> {
        let mut waiting = self
            .waiting
            .lock()
            .expect("the map is never left half changed");
        let entry = waiting.entry(id.clone()).or_insert_with(|| Waiting {
            ended: Arc::default(),
            waiters: 0,
        });
        entry.waiters += 1;
        Arc::clone(&entry.ended)
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
    ) -> Result<Option<ExecutionRecord>, StoreFault> {
        let ended = self.inner.waiters.join(id);
        let _joined = Joined {
            waiters: &self.inner.waiters,
            id,
        };
        loop {
            let mut notified = std::pin::pin!(ended.notified());
            // Listen first, look second: an end in between is not missed.
            notified.as_mut().enable();
            match self.inner.store.record(id).await? {
                Some(record) if record.state.outcome.is_none() => notified.await,
                ended_or_unknown => return Ok(ended_or_unknown),
            }
        }
    }
}
