//! A database file of this server that other code opens: it has the same dangers.

use std::path::{Path, PathBuf};

use crate::lock::{FileLock, LastRun};
use crate::open::{OpenStoreError, Prepared, prepare};
use crate::presence::beside;
use crate::report::OpenReport;

/// The file, for as long as other code has it open: nobody else takes it, only this user can read it, and the
/// next run learns how this one ended.
#[derive(Debug)]
pub struct ForeignFile {
    path: PathBuf,
    report: OpenReport,
    lock: FileLock,
}

impl ForeignFile {
    /// Takes the file, which need not be there yet, and looks at what the last run left. It must not be open in
    /// this process.
    ///
    /// # Errors
    /// [`OpenStoreError`] when the SQLite of this program can lose commits, when another server has the file,
    /// and when it cannot be used.
    pub fn take(path: &Path) -> Result<Self, OpenStoreError> {
        let Prepared { lock, report } = prepare(path)?;
        Ok(Self {
            path: path.to_owned(),
            report,
            lock,
        })
    }

    /// What was found.
    pub const fn report(&self) -> &OpenReport {
        &self.report
    }

    /// Says for the next run that the file is open, with a write-ahead log.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn say_open(&mut self) -> Result<(), OpenStoreError> {
        let open = LastRun::Open { log_bytes: 0 };
        let said = self.lock.write(open, true);
        said.map_err(|cause| OpenStoreError::File {
            path: beside(&self.path, ".lock"),
            cause,
        })
    }

    /// Says for the next run that all is well if the log is gone: whoever has the file open is about to close it.
    pub fn say_closed(&mut self) {
        self.lock.say_closed(true);
    }
}
