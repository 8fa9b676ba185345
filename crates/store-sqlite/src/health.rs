//! What the threads of a store know of whether it can be relied on.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use model::Timestamp;
use store::StoreTrouble;

use crate::presence::Presence;

/// How long after a failed commit another one is tried because somebody asks for the health.
const PROBE_AFTER: Duration = Duration::from_secs(1);

/// Told by the threads, asked by anybody.
#[derive(Debug)]
pub(crate) struct Health {
    presence: Presence,
    writer_gone: OnceLock<String>,
    reader_gone: AtomicBool,
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

impl Health {
    /// Of a database whose files are in place.
    pub fn of(database: &Path) -> Self {
        Self {
            presence: Presence::of(database),
            writer_gone: OnceLock::new(),
            reader_gone: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            commits_fail: AtomicBool::new(false),
            failed_commits: AtomicU64::new(0),
            failing: Mutex::new(None),
        }
    }

    fn failing(&self) -> MutexGuard<'_, Option<Failing>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`Self::check_files`], for who asks all the time.
    pub fn check_files_now_and_then(&self) -> Result<(), StoreTrouble> {
        self.presence.check_now_and_then()
    }

    /// Whether the files are those that were opened.
    fn check_files(&self) -> Result<(), StoreTrouble> {
        self.presence.check()
    }

    /// As [`Self::check_files`], for free unless they were missed at the last look.
    pub fn check_missed_files(&self) -> Result<(), StoreTrouble> {
        self.presence.check_if_missed()
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

    pub fn reader_ended(&self) {
        self.reader_gone.store(true, Ordering::Release);
    }

    pub fn closed(&self) {
        self.closed.store(true, Ordering::Release);
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
        if self.closed.load(Ordering::Acquire) {
            return Some(StoreTrouble::Closed);
        }
        if let Some(why) = self.writer_gone.get() {
            return Some(StoreTrouble::WriterGone(why.clone()));
        }
        if let Err(gone) = self.check_files() {
            return Some(gone);
        }
        if let Some(failing) = &*self.failing() {
            return Some(StoreTrouble::CommitsFail {
                since: failing.since,
                in_a_row: failing.in_a_row,
                error: failing.error.clone(),
            });
        }
        let reader_gone = self.reader_gone.load(Ordering::Acquire);
        reader_gone.then_some(StoreTrouble::ReaderGone)
    }
}
