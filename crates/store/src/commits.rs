//! The commits of a store with a writer, as the writer reports them and callers ask for them: whether they fail, how
//! many there were, how long they took.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use model::Timestamp;

use crate::health::StoreTrouble;
use crate::store::StoreStats;

/// How long after a failed commit a question about the health has another one tried.
const PROBE_AFTER: Duration = Duration::from_secs(1);

/// A bucket for each power of two of microseconds: the last one begins at half an hour.
const BUCKETS: usize = 32;

/// Whether commits succeed.
#[derive(Debug, Default)]
pub struct CommitHealth {
    writer_gone: OnceLock<String>,
    closed: AtomicBool,
    /// So that a commit that succeeds need not take the lock to say so.
    commits_fail: AtomicBool,
    failed_commits: AtomicU64,
    failing: Mutex<Option<Failing>>,
}

/// Commits that failed one after the other.
#[derive(Debug)]
struct Failing {
    since: Timestamp,
    in_a_row: u64,
    error: String,
    probed_at: Instant,
}

impl CommitHealth {
    fn lock(&self) -> MutexGuard<'_, Option<Failing>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a transaction that failed for a reason that the next one may meet as well.
    pub fn commit_failed(&self, error: String) {
        self.failed_commits.fetch_add(1, Ordering::Relaxed);
        let mut failing = self.lock();
        let now = Instant::now();
        match &mut *failing {
            Some(failing) => {
                failing.in_a_row += 1;
                failing.error = error;
                failing.probed_at = now;
            }
            None => {
                *failing = Some(Failing {
                    since: SystemTime::now().into(),
                    in_a_row: 1,
                    error,
                    probed_at: now,
                });
            }
        }
        self.commits_fail.store(true, Ordering::Release);
    }

    pub fn commit_succeeded(&self) {
        if self.commits_fail.swap(false, Ordering::AcqRel) {
            *self.lock() = None;
        }
    }

    /// How many transactions failed so since the store was opened.
    pub fn failed_commits(&self) -> u64 {
        self.failed_commits.load(Ordering::Relaxed)
    }

    pub fn writer_ended(&self, why: String) {
        // The first reason counts.
        let _ = self.writer_gone.set(why);
    }

    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Whether a commit should be tried, because the last one failed a while ago.
    pub fn wants_probe(&self) -> bool {
        let mut failing = self.lock();
        match &mut *failing {
            Some(failing) if failing.probed_at.elapsed() >= PROBE_AFTER => {
                failing.probed_at = Instant::now();
                true
            }
            Some(_) | None => false,
        }
    }

    /// Why there will be no commit any more.
    pub fn ended(&self) -> Option<StoreTrouble> {
        if self.is_closed() {
            return Some(StoreTrouble::Closed);
        }
        let why = self.writer_gone.get()?;
        Some(StoreTrouble::WriterGone(why.clone()))
    }

    /// That the last commits failed.
    pub fn failing(&self) -> Option<StoreTrouble> {
        let failing = self.lock();
        failing.as_ref().map(|failing| StoreTrouble::CommitsFail {
            since: failing.since,
            in_a_row: failing.in_a_row,
            error: failing.error.clone(),
        })
    }
}

/// How many commits there were, and how long they took.
#[derive(Debug)]
pub struct CommitCounters {
    commits: AtomicU64,
    writes: AtomicU64,
    durations: [AtomicU64; BUCKETS],
}

impl Default for CommitCounters {
    fn default() -> Self {
        Self {
            commits: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            durations: [const { AtomicU64::new(0) }; BUCKETS],
        }
    }
}

impl CommitCounters {
    /// Notes a commit of so many writes, and how long it took to become durable.
    pub fn committed(&self, writes: usize, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = (u64::BITS - micros.leading_zeros()) as usize;
        self.durations[bucket.min(BUCKETS - 1)].fetch_add(1, Ordering::Relaxed);
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.writes.fetch_add(writes as u64, Ordering::Relaxed);
    }

    /// All but the figures that others count.
    pub fn read(&self) -> StoreStats {
        StoreStats {
            commits: self.commits.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
            commit_p50: self.quantile(50),
            commit_p99: self.quantile(99),
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
        let counters = CommitCounters::default();
        assert_eq!(counters.read().commit_p50, None);
        for micros in [100; 98] {
            counters.committed(2, Duration::from_micros(micros));
        }
        for millis in [5, 50] {
            counters.committed(1, Duration::from_millis(millis));
        }
        let read = counters.read();
        assert_eq!((read.commits, read.writes), (100, 198));
        assert_eq!(read.commit_p50, Some(Duration::from_micros(127)));
        assert_eq!(read.commit_p99, Some(Duration::from_micros(8_191)));
        counters.committed(1, Duration::from_secs(1_000_000));
        assert!(counters.quantile(100) > Some(Duration::from_secs(1_000)));
    }
}
