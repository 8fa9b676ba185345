//! Counters of the writer's work, which any thread may read at any time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use store::{CommitCounters, StoreStats};

/// The counters of one value.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    commits: CommitCounters,
    bytes: AtomicU64,
}

impl Stats {
    /// Notes a commit of so many writes, and how long it took to become durable.
    pub fn committed(&self, writes: usize, took: Duration) {
        self.commits.committed(writes, took);
    }

    /// Notes how large the database is.
    pub fn is_as_large_as(&self, bytes: u64) {
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// All but the figures that others count.
    pub fn read(&self) -> StoreStats {
        StoreStats {
            bytes: self.bytes.load(Ordering::Relaxed),
            ..self.commits.read()
        }
    }
}
