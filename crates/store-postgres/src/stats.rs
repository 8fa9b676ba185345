//! Counters of the writer's work, which any thread may read at any time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use store::StoreStats;

/// A bucket for each power of two of microseconds: the last one begins at half an hour.
const BUCKETS: usize = 32;

/// The counters of one value.
#[derive(Debug)]
pub(crate) struct Stats {
    commits: AtomicU64,
    writes: AtomicU64,
    durations: [AtomicU64; BUCKETS],
    bytes: AtomicU64,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            commits: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            durations: [const { AtomicU64::new(0) }; BUCKETS],
            bytes: AtomicU64::new(0),
        }
    }
}

impl Stats {
    /// Notes a commit of so many writes, and how long it took to become durable.
    pub fn committed(&self, writes: usize, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = (u64::BITS - micros.leading_zeros()) as usize;
        self.durations[bucket.min(BUCKETS - 1)].fetch_add(1, Ordering::Relaxed);
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.writes.fetch_add(writes as u64, Ordering::Relaxed);
    }

    /// Notes how large the database is.
    pub fn is_as_large_as(&self, bytes: u64) {
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// All but what others count.
    pub fn read(&self) -> StoreStats {
        StoreStats {
            commits: self.commits.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
            commit_p50: self.quantile(50),
            commit_p99: self.quantile(99),
            bytes: self.bytes.load(Ordering::Relaxed),
            ..StoreStats::default()
        }
    }

    /// The upper bound of the bucket in which so many percent of the durations lie or below.
    fn quantile(&self, percent: u64) -> Option<Duration> {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = self.durations.each_ref().map(load);
        let total: u64 = counts.iter().sum();
        if total == 0 {
            return None;
        }
        let wanted = (total * percent).div_ceil(100);
        let mut seen = 0;
        let bucket = counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        bucket.map(|bucket| Duration::from_micros((1 << bucket) - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_upper_bounds_of_buckets() {
        let stats = Stats::default();
        assert_eq!(stats.read().commit_p50, None);
        for micros in [100; 98] {
            stats.committed(2, Duration::from_micros(micros));
        }
        for millis in [5, 50] {
            stats.committed(1, Duration::from_millis(millis));
        }
        let read = stats.read();
        assert_eq!((read.commits, read.writes), (100, 198));
        assert_eq!(read.commit_p50, Some(Duration::from_micros(127)));
        assert_eq!(read.commit_p99, Some(Duration::from_micros(8_191)));
    }
}
