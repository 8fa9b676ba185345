//! One server per database: a lock file beside it, which the operating system releases with the
//! process however that ends. It also says how the last run ended, for the next one to read.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::presence::beside;

/// Holds the lock while it lives.
#[derive(Debug)]
pub(crate) struct FileLock {
    file: File,
    last_run: LastRun,
}

/// How the run before this one left the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastRun {
    /// There was none, or one of a version that did not say.
    Unknown,
    /// It closed the database.
    Closed,
    /// It closed the database before the check was finished that a crash had made necessary.
    Unchecked,
    /// It ended with the database open, whose log was at least so long.
    Open { log_bytes: u64 },
}

/// Why the lock was not taken.
#[derive(Debug)]
pub(crate) enum LockError {
    /// Another process has it; the process id as that process wrote it, if it did.
    Held(Option<u32>),
    Io(PathBuf, io::Error),
}

impl FileLock {
    /// Takes the lock `<database>.lock`, or returns its holder.
    pub fn take(database: &Path) -> Result<Self, LockError> {
        let path = beside(database, ".lock");
        let io = |cause| LockError::Io(path.clone(), cause);
        // Not truncated: until it is locked, the text belongs to the process that holds the lock.
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(io)?;
        let locked = file.try_lock();
        let mut text = String::new();
        // The holder's id is a courtesy, and the end of the last run a hint; without them all goes on.
        let read = Read::by_ref(&mut file).take(128).read_to_string(&mut text);
        let text = if read.is_ok() { text.as_str() } else { "" };
        match locked {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = text
                    .lines()
                    .next()
                    .and_then(|line| line.trim().parse().ok());
                return Err(LockError::Held(pid));
            }
            Err(TryLockError::Error(cause)) => return Err(io(cause)),
        }
        let mut lock = Self {
            file,
            last_run: LastRun::parse(text),
        };
        // Until this run has opened the database, the next one has to know how the last one ended.
        lock.write(lock.last_run, false).map_err(io)?;
        Ok(lock)
    }

    /// Says that nothing is wrong if the log is gone from here on: it is about to be folded in; and whether the next
    /// run has to check the file.
    pub fn say_closed(&mut self, is_check_due: bool, durably: bool) {
        let closed = if is_check_due {
            LastRun::Unchecked
        } else {
            LastRun::Closed
        };
        if let Err(error) = self.write(closed, durably) {
            // The next run looks at more than it would have to, and may warn in vain.
            tracing::warn!(%error, "the lock file does not say that the database was closed");
        }
    }

    /// How the run before this one ended.
    pub const fn last_run(&self) -> LastRun {
        self.last_run
    }

    /// Says how the database is left if nothing more is said; on disk, where that matters.
    pub fn write(&mut self, run: LastRun, durably: bool) -> io::Result<()> {
        let run = match run {
            LastRun::Unknown => String::new(),
            LastRun::Closed => "closed\n".to_owned(),
            LastRun::Unchecked => "unchecked\n".to_owned(),
            LastRun::Open { log_bytes } => format!("open {log_bytes}\n"),
        };
        self.file.set_len(0)?;
        self.file.rewind()?;
        let text = format!("{}\n{run}", std::process::id());
        self.file.write_all(text.as_bytes())?;
        if durably {
            self.file.sync_all()
        } else {
            Ok(())
        }
    }
}

impl LastRun {
    /// Whether the file has to be checked.
    pub const fn is_check_due(self) -> bool {
        matches!(self, Self::Open { .. } | Self::Unchecked)
    }

    fn parse(text: &str) -> Self {
        let mut words = text.lines().nth(1).unwrap_or("").split(' ');
        match (words.next(), words.next().map(str::parse)) {
            (Some("closed"), None) => Self::Closed,
            (Some("unchecked"), None) => Self::Unchecked,
            (Some("open"), Some(Ok(log_bytes))) => Self::Open { log_bytes },
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_run_learns_how_the_last_one_ended() {
        let folder = TempDir::new().expect("a folder");
        let database = folder.path().join("executions.db");
        let take = || FileLock::take(&database).expect("free");
        assert_eq!(take().last_run(), LastRun::Unknown);
        let open = LastRun::Open { log_bytes: 4096 };
        take().write(open, true).expect("writable");
        // A run that did not get as far as opening the database says nothing else.
        assert_eq!(take().last_run(), open);
        assert_eq!(take().last_run(), open);
        take().say_closed(true, true);
        assert_eq!(take().last_run(), LastRun::Unchecked);
        take().say_closed(false, true);
        let lock = take();
        assert_eq!(lock.last_run(), LastRun::Closed);
        match FileLock::take(&database) {
            Err(LockError::Held(pid)) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        drop(lock);
        // As earlier versions wrote it.
        std::fs::write(beside(&database, ".lock"), "123\n").expect("writable");
        assert_eq!(take().last_run(), LastRun::Unknown);
    }
}
