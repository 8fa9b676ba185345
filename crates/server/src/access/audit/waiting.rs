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
    /// How many were dropped because too many waited: only the file has them.
    dropped: u64,
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
            queue.dropped += 1;
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
        let (wanted, dropped) = {
            let queue = self.queue();
            (queue.next(), queue.dropped)
        };
        let _writing = self.writing.lock().await;
        loop {
            {
                let queue = self.queue();
                if queue.first >= wanted {
                    return queue.dropped == dropped;
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

#[cfg(test)]
mod tests {
    use store::{AuditKeep, AuditKind, AuditQuery, MemoryStore, StoreFuture};
    use tokio::sync::Semaphore;

    use super::*;

    /// A store that writes nothing until it may.
    struct Held {
        store: MemoryStore,
        may_write: Semaphore,
    }

    impl AuditRecords for Held {
        fn append_audit(&self, records: Vec<AuditRecord>) -> StoreFuture<'_, ()> {
            Box::pin(async move {
                let permit = self.may_write.acquire().await;
                permit.expect("it is never closed").forget();
                self.store.append_audit(records).await
            })
        }

        fn audit(&self, query: AuditQuery) -> StoreFuture<'_, Vec<AuditRecord>> {
            self.store.audit(query)
        }

        fn trim_audit(&self, kind: AuditKind, keep: AuditKeep) -> StoreFuture<'_, ()> {
            self.store.trim_audit(kind, keep)
        }
    }

    fn record(number: usize) -> AuditRecord {
        AuditRecord {
            id: format!("{number:08}"),
            kind: AuditKind::Management,
            at: model::Timestamp::from_millis(0),
            server: None,
            who: "key ci".to_owned(),
            access_key_id: None,
            source_ip: None,
            action: "lambda:CreateFunction".to_owned(),
            resource: "*".to_owned(),
            outcome: "done".to_owned(),
            status: None,
            error: None,
        }
    }

    /// Its caller must make it durable elsewhere.
    #[tokio::test]
    async fn a_record_that_was_dropped_while_it_waited_is_not_taken_for_stored() {
        for more in [WAITING_MAX - 1, WAITING_MAX] {
            let store = Arc::new(Held {
                store: MemoryStore::new(),
                may_write: Semaphore::new(0),
            });
            let waiting = Arc::new(Waiting::new(Arc::clone(&store) as _));
            waiting.push(record(0));
            // Another task has its turn meanwhile.
            let writing = waiting.writing.lock().await;
            let settled = {
                let waiting = Arc::clone(&waiting);
                tokio::spawn(async move { waiting.settle().await })
            };
            tokio::task::yield_now().await;
            for number in 1..=more {
                waiting.push(record(number));
            }
            drop(writing);
            store.may_write.add_permits(WAITING_MAX);
            let is_stored = settled.await.expect("it does not panic");
            assert_eq!(is_stored, more < WAITING_MAX, "{more} more");
        }
    }
}
