//! Counters of the writer's work, which any thread may read at any time.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use store::StoreStats;

/// A bucket for each power of two of microseconds: the last one begins at half an hour.
const BUCKETS: usize = 32;

/// The counters of one database.
#[derive(Debug)]
pub(crate) struct Stats {
    path: PathBuf,
    commits: AtomicU64,
    writes: AtomicU64,
    durations: [AtomicU64; BUCKETS],
    catalogue_revision: AtomicU64,
    access_key_revision: AtomicU64,
}

impl Stats {
    pub fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            commits: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            durations: [const { AtomicU64::new(0) }; BUCKETS],
            catalogue_revision: AtomicU64::new(0),
            access_key_revision: AtomicU64::new(0),
        }
    }

    /// Notes a commit of so many writes, and how long it took to become durable.
    pub fn committed(&self, writes: usize, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = (u64::BITS - micros.leading_zeros()) as usize;
        self.durations[bucket.min(BUCKETS - 1)].fetch_add(1, Ordering::Relaxed);
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.writes.fetch_add(writes as u64, Ordering::Relaxed);
    }

    /// Notes that a commit with changes of the catalogue was tried; called before any of them is
    /// answered. A reader that sees the new number sees what the commit wrote.
    pub fn catalogue_changed(&self) {
        self.catalogue_revision.fetch_add(1, Ordering::Release);
    }

    /// Rises with every such commit.
    pub fn catalogue_revision(&self) -> u64 {
        self.catalogue_revision.load(Ordering::Acquire)
    }

    /// As [`Stats::catalogue_changed`], of access keys.
    pub fn access_keys_changed(&self) {
        self.access_key_revision.fetch_add(1, Ordering::Release);
    }

    /// Rises with every such commit.
    pub fn access_key_revision(&self) -> u64 {
        self.access_key_revision.load(Ordering::Acquire)
    }

    pub fn read(&self) -> StoreStats {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        StoreStats {
            commits: self.commits.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
            failed_commits: 0,
            commit_p50: self.quantile(50),
            commit_p99: self.quantile(99),
            bytes: size(&self.path),
            log_bytes: size(Path::new(&log)),
            unreadable_rows: 0,
        }
    }

    /// The upper bound of the bucket in which so many percent of the durations lie or below.
    fn quantile(&self, percent: u64) -> Option<Duration> {
        let counts = self
            .durations
            .each_ref()
            .map(|count| count.load(Ordering::Relaxed));
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

/// A file that is not there yet, or no longer, holds nothing.
fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_upper_bounds_of_buckets() {
        let stats = Stats::of(Path::new("/nowhere"));
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
        stats.committed(1, Duration::from_secs(1_000_000));
        assert!(stats.quantile(100) > Some(Duration::from_secs(1_000)));
    }
}
