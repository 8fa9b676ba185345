//! What a store knows of whether it can be relied on.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use model::Timestamp;
use store::StoreTrouble;

/// How long after a failed commit another one is tried because somebody asks for the health.
const PROBE_AFTER: Duration = Duration::from_secs(1);

/// Told by the tasks of a store, asked by anybody.
#[derive(Debug, Default)]
pub(crate) struct Health {
    writer_gone: OnceLock<String>,
    closed: AtomicBool,
    /// So that a commit that succeeds need not take the lock to say so.
    commits_fail: AtomicBool,
    failed_commits: AtomicU64,
    failing: Mutex<Option<Failing>>,
    warnings: Mutex<Vec<String>>,
}

/// Commits that failed one after the other.
#[derive(Debug)]
struct Failing {
    since: Timestamp,
    in_a_row: u64,
    error: String,
    probed_at: Instant,
}

impl Health {
    fn failing(&self) -> MutexGuard<'_, Option<Failing>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a transaction that failed for a reason that the next one may meet as well.
    pub fn commit_failed(&self, error: String) {
        self.failed_commits.fetch_add(1, Ordering::Relaxed);
        let mut failing = self.failing();
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

    /// How many transactions failed so since the store was opened.
    pub fn failed_commits(&self) -> u64 {
        self.failed_commits.load(Ordering::Relaxed)
    }

    pub fn commit_succeeded(&self) {
        if self.commits_fail.swap(false, Ordering::AcqRel) {
            *self.failing() = None;
        }
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

    /// Says something about the data or the database, for people.
    pub fn warn(&self, warning: String) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    pub fn warnings(&self) -> Vec<String> {
        let warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.clone()
    }

    /// Whether a commit should be tried, because the last one failed a while ago.
    pub fn wants_probe(&self) -> bool {
        let mut failing = self.failing();
        match &mut *failing {
            Some(failing) if failing.probed_at.elapsed() >= PROBE_AFTER => {
                failing.probed_at = Instant::now();
                true
            }
            Some(_) | None => false,
        }
    }

    /// Why the store cannot be relied on now.
    pub fn trouble(&self) -> Option<StoreTrouble> {
        if self.is_closed() {
            return Some(StoreTrouble::Closed);
        }
        if let Some(why) = self.writer_gone.get() {
            return Some(StoreTrouble::WriterGone(why.clone()));
        }
        let failing = self.failing();
        failing.as_ref().map(|failing| StoreTrouble::CommitsFail {
            since: failing.since,
            in_a_row: failing.in_a_row,
            error: failing.error.clone(),
        })
    }
}
