//! The callers that wait for an execution's end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use model::ExecutionId;
use store::ExecutionRecord;
use tokio::sync::watch;

/// See the module.
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
    /// Hands the record of an ended execution to all callers that wait for it.
    pub fn ended(&self, id: &ExecutionId, record: impl FnOnce() -> ExecutionRecord) {
        let waiting = self
            .waiting
            .lock()
            .expect("the map is never left half changed");
        if let Some(entry) = waiting.get(id) {
            entry.ended.send_replace(Some(Arc::new(record())));
        }
    }

    /// Waits for the end from now on, until the returned value is dropped.
    pub fn join<'a>(&'a self, id: &'a ExecutionId) -> Joined<'a> {
        let mut waiting = self
            .waiting
            .lock()
            .expect("the map is never left half changed");
        let entry = waiting.entry(id.clone()).or_insert_with(|| Waiting {
            ended: watch::Sender::new(None),
            waiters: 0,
        });
        entry.waiters += 1;
        Joined {
            ended: entry.ended.subscribe(),
            waiters: self,
            id,
        }
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

/// Leaves when the waiting future is dropped, for any reason.
pub(crate) struct Joined<'a> {
    /// The record, once it has ended.
    pub ended: watch::Receiver<Option<Arc<ExecutionRecord>>>,
    waiters: &'a Waiters,
    id: &'a ExecutionId,
}

impl Drop for Joined<'_> {
    fn drop(&mut self) {
        self.waiters.leave(self.id);
    }
}
