//! Records that are on their way into the store.
//!
//! A task that waits for one record writes all waiting records, so that tasks that wait at the same time share a
//! commit.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store::{AuditRecord, AuditRecords};

/// Records that wait at most, while the store does not take any. Beyond that the oldest are only in the file.
const WAITING_MAX: usize = 10_000;

/// Records that are written at once.
const AT_ONCE: usize = 500;

/// Records in the order in which they were made.
pub(super) struct Waiting {
    store: Arc<dyn AuditRecords>,
    queue: Mutex<Queue>,
    /// Locked while a task writes.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Queue {
    records: VecDeque<AuditRecord>,
    /// The number of the first of them.
    first: u64,
    /// Records before this number could not be written when a task waited for them.
    failed: u64,
    is_said: bool,
}

impl Queue {
    /// The number of the next one.
    fn next(&self) -> u64 {
        self.first + self.records.len() as u64
    }
}

impl Waiting {
    pub fn new(store: Arc<dyn AuditRecords>) -> Self {
        Self {
            store,
            queue: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push(&self, record: AuditRecord) {
        let mut queue = self.queue();
        if queue.records.len() >= WAITING_MAX {
            queue.records.pop_front();
            queue.first += 1;
            if !std::mem::replace(&mut queue.is_said, true) {
                tracing::warn!(
                    "records of changes are in this server's `audit.jsonl` only: the store takes none"
                );
            }
        }
        queue.records.push_back(record);
    }

    /// Waits until every record that was pushed before is durable in the store. Returns whether it is.
    pub async fn settle(&self) -> bool {
        let wanted = self.queue().next();
        let _writing = self.writing.lock().await;
        loop {
            {
                let queue = self.queue();
                if queue.first >= wanted {
                    return true;
                }
                // The task before has just failed to write them: do not let each task wait for a store that does not
                // answer.
                if queue.failed >= wanted {
                    return false;
                }
            }
            if self.write_some().await.is_none() {
                return false;
            }
        }
    }

    /// Writes all waiting records, also those that failed before. Returns how many; none when the store fails.
    pub async fn write_all(&self) -> Option<usize> {
        let _writing = self.writing.lock().await;
        let mut count = 0;
        loop {
            match self.write_some().await? {
                0 => return Some(count),
                written => count += written,
            }
        }
    }

    async fn write_some(&self) -> Option<usize> {
        let (first, batch) = {
            let queue = self.queue();
            let batch = queue.records.iter().take(AT_ONCE).cloned();
            (queue.first, batch.collect::<Vec<_>>())
        };
        if batch.is_empty() {
            return Some(0);
        }
        let count = batch.len();
        let written = self.store.append_audit(batch).await;
        let mut queue = self.queue();
        match written {
            Ok(()) => {
                while queue.first < first + count as u64 && queue.records.pop_front().is_some() {
                    queue.first += 1;
                }
                queue.is_said = false;
                Some(count)
            }
            Err(fault) => {
                queue.failed = queue.next();
                tracing::error!(
                    error = &fault as &dyn std::error::Error,
                    "the record of changes cannot be written to the store: it is in this server's `audit.jsonl`"
                );
                None
            }
        }
    }
}
