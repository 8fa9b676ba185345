//! Event source mappings: which queue a function processes, and how far it has got.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// One mapping, as it is stored with its function. Members that an older server did not write have their
/// defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct EventSourceMapping {
    pub uuid: String,
    pub queue_arn: String,
    /// The alias or version; `None` means `$LATEST`.
    pub qualifier: Option<String>,
    pub enabled: bool,
    pub batch_size: u32,
    pub window_seconds: u32,
    /// Concurrent invocations, where the mapping names a number.
    pub concurrency_max: Option<u32>,
    /// `ReportBatchItemFailures`.
    pub reports_failures: bool,
    /// Patterns, as they were written: a message must match one of them; without patterns all messages match.
    pub filters: Vec<String>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub modified_at: i64,
    /// Whether a template made it: then it is removed when the template no longer has it.
    pub from_template: bool,
    /// Deleted, and waits only for the batches at work.
    pub deleting: bool,
}

impl EventSourceMapping {
    /// Whether pollers of the two would read alike.
    pub fn is_read_as(&self, other: &Self) -> bool {
        let comparable = |it: &Self| Self {
            created_at: 0,
            modified_at: 0,
            from_template: false,
            ..it.clone()
        };
        comparable(self) == comparable(other)
    }
}

/// The states of the mappings that are read, by their ids. In memory: a restart reads them anew.
#[derive(Debug, Default)]
pub(crate) struct EventSourceStates {
    states: Mutex<BTreeMap<String, EventSourceState>>,
    changed: Notify,
}

/// The state of one mapping.
#[derive(Debug, Clone, Default)]
pub(crate) struct EventSourceState {
    /// The mapping as its poller reads it, while it does.
    pub reading: Option<EventSourceMapping>,
    /// The result of the last batch, in AWS's words.
    pub last_result: Option<String>,
}

impl EventSourceStates {
    pub fn of(&self, uuid: &str) -> EventSourceState {
        self.states().get(uuid).cloned().unwrap_or_default()
    }

    pub fn set_reading(&self, mapping: &EventSourceMapping) {
        let mut states = self.states();
        let state = states.entry(mapping.uuid.clone()).or_default();
        state.reading = Some(mapping.clone());
    }

    pub fn set_stopped(&self, uuid: &str) {
        if let Some(state) = self.states().get_mut(uuid) {
            state.reading = None;
        }
    }

    pub fn set_result(&self, uuid: &str, result: String) {
        if let Some(state) = self.states().get_mut(uuid) {
            state.last_result = Some(result);
        }
    }

    pub fn forget(&self, uuid: &str) {
        self.states().remove(uuid);
    }

    /// Makes the reader of the queues look again which queues there are.
    pub fn note_change(&self) {
        self.changed.notify_one();
    }

    pub async fn change(&self) {
        self.changed.notified().await;
    }

    fn states(&self) -> MutexGuard<'_, BTreeMap<String, EventSourceState>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
