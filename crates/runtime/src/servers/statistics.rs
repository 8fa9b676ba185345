//! The work and the faults of a server among others: counted from its start.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClusterStatistics {
    /// Notices that other servers were told of changed executions.
    pub notices_told: u64,
    /// Notices that could not be told.
    pub notices_failed: u64,
    /// Executions of which word was left in the store instead.
    pub word_left: u64,
    /// Times that this server could not say in time that it lives, and stopped driving.
    pub leases_lost: u64,
    /// Shards that it was given or took.
    pub shards_gained: u64,
    /// Executions that it took up where another server had left them.
    pub taken_up: u64,
}

/// See [`ClusterStatistics`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub notices_told: AtomicU64,
    pub notices_failed: AtomicU64,
    pub word_left: AtomicU64,
    pub leases_lost: AtomicU64,
    pub shards_gained: AtomicU64,
    pub taken_up: AtomicU64,
}

impl Counters {
    pub fn read(&self) -> ClusterStatistics {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ClusterStatistics {
            notices_told: count(&self.notices_told),
            notices_failed: count(&self.notices_failed),
            word_left: count(&self.word_left),
            leases_lost: count(&self.leases_lost),
            shards_gained: count(&self.shards_gained),
            taken_up: count(&self.taken_up),
        }
    }
}

/// Counts something.
pub(super) fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Ordering::Relaxed);
}
