//! Whether the files are still the ones that were opened. A file that was deleted while it is open still accepts
//! commits, but keeps none of them.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use store::StoreTrouble;

/// Tells files at the same path apart: the device and the number on it.
type Identity = (u64, u64);

/// The files of an open database. They are looked at by name only: to open a database's file a second
/// time and close it takes from SQLite the locks that it holds.
#[derive(Debug)]
pub(crate) struct Presence {
    files: [Opened; 3],
    /// Whether they were missed at the last look.
    missed: AtomicBool,
    opened_at: Instant,
    /// When they were looked at last, in milliseconds since they were opened.
    looked_at: AtomicU64,
}

/// How often commits look at the files: looking costs as much as half a commit where system calls are slow. Writes
/// acknowledged before the files were deleted are lost with them anyway.
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug)]
struct Opened {
    path: PathBuf,
    /// Set as soon as the file exists: the log may come with the first commit.
    identity: OnceLock<Identity>,
    /// Whether it may be deleted: without its lock file a store goes on, beside another server's not.
    may_go: bool,
}

impl Presence {
    /// Takes the files that are there now for the right ones.
    pub fn of(database: &Path) -> Self {
        let opened = |path: PathBuf, may_go| {
            let file = Opened {
                path,
                identity: OnceLock::new(),
                may_go,
            };
            if let Ok(Some(found)) = identity(&file.path) {
                file.identity.get_or_init(|| found);
            }
            file
        };
        Self {
            files: [
                opened(database.to_owned(), false),
                opened(beside(database, "-wal"), false),
                opened(beside(database, ".lock"), true),
            ],
            missed: AtomicBool::new(false),
            opened_at: Instant::now(),
            looked_at: AtomicU64::new(0),
        }
    }

    /// Looks at the files.
    pub fn check(&self) -> Result<(), StoreTrouble> {
        self.looked_at.store(self.millis(), Ordering::Relaxed);
        let found = self.files.iter().try_for_each(Opened::check);
        self.missed.store(found.is_err(), Ordering::Release);
        found
    }

    /// Looks at the files unless that was done just now and they were there.
    pub fn check_now_and_then(&self) -> Result<(), StoreTrouble> {
        let looked_at = self.looked_at.load(Ordering::Relaxed);
        let since = self.millis().saturating_sub(looked_at);
        if Duration::from_millis(since) < LOOK_EVERY {
            return self.check_if_missed();
        }
        self.check()
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.opened_at.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Looks again when the files were missed at the last look. Otherwise it costs nothing.
    pub fn check_if_missed(&self) -> Result<(), StoreTrouble> {
        if self.missed.load(Ordering::Acquire) {
            self.check()
        } else {
            Ok(())
        }
    }
}

impl Opened {
    fn check(&self) -> Result<(), StoreTrouble> {
        let gone = |what| {
            Err(StoreTrouble::FilesGone {
                path: self.path.clone(),
                what,
            })
        };
        match identity(&self.path) {
            Ok(Some(found)) if *self.identity.get_or_init(|| found) == found => Ok(()),
            Ok(Some(_)) => gone("replaced"),
            Ok(None) if self.identity.get().is_some() && !self.may_go => gone("deleted"),
            // A file that cannot be looked at is not known to be gone, and a commit reports more.
            Ok(None) | Err(_) => Ok(()),
        }
    }
}

fn identity(path: &Path) -> std::io::Result<Option<Identity>> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(Some((metadata.dev(), metadata.ino()))),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The file that a path leads to. SQLite follows links, and has the log beside the file that they lead to: so
/// must the lock be, or two programs would have one database by two names.
pub(crate) fn followed(path: &Path) -> std::io::Result<PathBuf> {
    /// As many as Linux follows.
    const LINKS_MAX: usize = 40;
    let mut followed = path.to_owned();
    for _ in 0..LINKS_MAX {
        // Opening a path that cannot be looked at reports the error.
        if !std::fs::symlink_metadata(&followed).is_ok_and(|it| it.is_symlink()) {
            return Ok(followed);
        }
        let target = std::fs::read_link(&followed)?;
        followed = match followed.parent() {
            Some(folder) => folder.join(target),
            None => target,
        };
    }
    // They lead in a circle, which the system says in its own words.
    std::fs::canonicalize(path)
}

/// The file with this ending beside a database.
pub(crate) fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(ending);
    PathBuf::from(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_deleted_or_replaced_file_is_missed_until_it_is_back() {
        let folder = TempDir::new().expect("a folder");
        let database = folder.path().join("executions.db");
        fs::write(&database, "database").expect("writable");
        let presence = Presence::of(&database);
        presence.check().expect("all there; a log may come later");
        let log = beside(&database, "-wal");
        fs::write(&log, "log").expect("writable");
        presence.check().expect("the log has come");

        let aside = folder.path().join("aside");
        for path in [&database, &log] {
            fs::rename(path, &aside).expect("renamed");
            presence.check_if_missed().expect("nobody has looked yet");
            let missed = |what| {
                Err(StoreTrouble::FilesGone {
                    path: path.clone(),
                    what,
                })
            };
            assert_eq!(presence.check(), missed("deleted"));
            fs::write(path, "another").expect("writable");
            assert_eq!(presence.check_if_missed(), missed("replaced"));
            fs::rename(&aside, path).expect("renamed");
            presence.check_if_missed().expect("it is back");
        }
    }

    #[test]
    fn a_lock_file_may_be_deleted_and_not_be_somebody_elses() {
        let folder = TempDir::new().expect("a folder");
        let database = folder.path().join("executions.db");
        let lock = beside(&database, ".lock");
        for path in [&database, &lock] {
            fs::write(path, "").expect("writable");
        }
        let presence = Presence::of(&database);
        fs::rename(&lock, folder.path().join("aside")).expect("renamed");
        presence.check().expect("nobody else has a lock");
        fs::write(&lock, "").expect("writable");
        presence.check().expect_err("somebody else has");
    }
}
