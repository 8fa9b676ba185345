//! Whether the store can be relied on, as far as its threads know.

use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use store::{CommitHealth, StoreTrouble};

use crate::presence::Presence;

/// Written by the threads, read by all callers.
#[derive(Debug)]
pub(crate) struct Health {
    commits: CommitHealth,
    presence: Presence,
    reader_gone: AtomicBool,
}

impl Deref for Health {
    type Target = CommitHealth;

    fn deref(&self) -> &CommitHealth {
        &self.commits
    }
}

impl Health {
    /// Of a database whose files are in place.
    pub fn of(database: &Path) -> Self {
        Self {
            commits: CommitHealth::default(),
            presence: Presence::of(database),
            reader_gone: AtomicBool::new(false),
        }
    }

    /// As [`Self::check_files`], for callers that ask all the time.
    pub fn check_files_now_and_then(&self) -> Result<(), StoreTrouble> {
        self.presence.check_now_and_then()
    }

    /// Whether the files are the ones that were opened.
    fn check_files(&self) -> Result<(), StoreTrouble> {
        self.presence.check()
    }

    /// As [`Self::check_files`], for free unless they were missed at the last look.
    pub fn check_missed_files(&self) -> Result<(), StoreTrouble> {
        self.presence.check_if_missed()
    }

    pub fn reader_ended(&self) {
        self.reader_gone.store(true, Ordering::Release);
    }

    /// Why the store cannot be relied on now.
    pub fn trouble(&self) -> Option<StoreTrouble> {
        let reader_gone = || {
            let is_gone = self.reader_gone.load(Ordering::Acquire);
            is_gone.then_some(StoreTrouble::ReaderGone)
        };
        self.ended()
            .or_else(|| self.check_files().err())
            .or_else(|| self.failing())
            .or_else(reader_gone)
    }
}
