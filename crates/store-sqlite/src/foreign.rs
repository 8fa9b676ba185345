//! A database file of this server that other code opens: it has the same dangers.

use std::path::{Path, PathBuf};

use crate::examine::examine_log;
use crate::lock::{FileLock, LastRun};
use crate::open::{Prepared, prepare};
use crate::open_error::OpenStoreError;
use crate::presence::beside;
use crate::private::Readers;
use crate::report::OpenReport;

/// The file, for as long as other code has it open: no other process takes it, only this user can read it, and the next
/// run learns how this one ended.
#[derive(Debug)]
pub struct ForeignFile {
    path: PathBuf,
    report: OpenReport,
    lock: FileLock,
    is_open: bool,
}

impl ForeignFile {
    /// Takes the file, which need not be there yet, and looks at the state that the last run left, before it is opened.
    ///
    /// # Errors
    /// [`OpenStoreError`] when the SQLite of this program can lose commits, when another server has the file,
    /// and when it cannot be used.
    pub fn take(path: &Path) -> Result<Self, OpenStoreError> {
        let Prepared { lock, report } = prepare(path, Readers::Owner, examine_log)?;
        Ok(Self {
            path: report.path.clone(),
            report,
            lock,
            is_open: false,
        })
    }

    /// The findings.
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
        self.is_open = true;
        said.map_err(|cause| OpenStoreError::File {
            path: beside(&self.path, ".lock"),
            cause,
        })
    }
}

impl Drop for ForeignFile {
    /// Records for the next run that all is well if the log is gone: the code that had the file open has closed it.
    fn drop(&mut self) {
        if self.is_open {
            self.lock.say_closed(false, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use tempfile::TempDir;

    use super::*;
    use crate::OpenWarning;

    fn take(path: &Path) -> ForeignFile {
        ForeignFile::take(path).expect("nobody has it")
    }

    /// A database as other code opens it.
    fn open(path: &Path) -> Connection {
        let connection = Connection::open(path).expect("it opens");
        connection
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS t (a)")
            .expect("writable");
        connection
    }

    #[test]
    fn a_log_that_goes_while_other_code_has_the_file_open_is_missed() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("tables.db");
        let mut file = take(&path);
        assert_eq!(file.report().warnings, []);
        let connection = open(&path);
        file.say_open().expect("writable");
        ForeignFile::take(&path).expect_err("it is taken");
        drop(connection);
        drop(file);

        let mut file = take(&path);
        assert_eq!(file.report().warnings, []);
        let connection = open(&path);
        file.say_open().expect("writable");
        // As a process that is killed leaves it, except for the log.
        let killed = folder.path().join("killed.db");
        for ending in ["", ".lock"] {
            std::fs::copy(beside(&path, ending), beside(&killed, ending)).expect("copied");
        }
        drop((connection, file));
        let log = beside(&killed, "-wal");
        assert_eq!(
            take(&killed).report().warnings,
            [OpenWarning::LogMissing { log }]
        );
    }
}
