//! Counters of the writer's work, which any thread may read at any time.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use store::{CommitCounters, StoreStats};

/// The counters of one database.
#[derive(Debug)]
pub(crate) struct Stats {
    path: PathBuf,
    commits: CommitCounters,
    catalogue_revision: AtomicU64,
    access_key_revision: AtomicU64,
}

impl Stats {
    pub fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            commits: CommitCounters::default(),
            catalogue_revision: AtomicU64::new(0),
            access_key_revision: AtomicU64::new(0),
        }
    }

    /// Notes a commit of so many writes, and how long it took to become durable.
    pub fn committed(&self, writes: usize, took: Duration) {
        self.commits.committed(writes, took);
    }

    /// Notes that a commit with changes of the catalogue was tried; called before any of them is answered. A reader
    /// that sees the new number sees that commit's data.
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
            bytes: size(&self.path),
            log_bytes: size(Path::new(&log)),
            ..self.commits.read()
        }
    }
}

/// A file that is not there yet, or no longer, holds nothing.
fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}
