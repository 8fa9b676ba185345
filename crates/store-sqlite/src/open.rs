//! Opening a database file: the version of SQLite, the lock, the remains of the last run, the settings, the schema.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use store::Durability;

use crate::copy::CopyError;
use crate::examine::examine;
use crate::lock::{FileLock, LastRun, LockError};
use crate::log_copy::LOG_BYTES;
use crate::open_error::OpenStoreError;
use crate::presence::{beside, followed};
use crate::private::{Readers, create_database, create_folder};
use crate::report::{OpenReport, OpenWarning};
use crate::schema::{MigrateError, Schema};

/// The first SQLite under which no commit is lost when a checkpoint meets a commit that begins the log
/// anew; see `docs/adr/0008`.
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// How long a statement waits for another process's lock, for example a person's transaction in the `sqlite3` shell.
/// All writes wait with it, so not for long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// Memory for pages of the writer, in KiB: more than the largest update. The pages that a busy server
/// changes are few, and those it reads again are in the operating system's cache.
const WRITER_CACHE_KIB: i32 = 8 * 1024;

/// Memory for pages of one reader, in KiB.
const READER_CACHE_KIB: i32 = 2 * 1024;

/// An open database file.
#[derive(Debug)]
pub(crate) struct Database {
    pub path: PathBuf,
    pub durability: Durability,
    pub writer: Connection,
    /// The findings before SQLite opened it.
    pub report: OpenReport,
    /// Released after the connections are closed.
    pub lock: FileLock,
}

/// A file that no other process has, looked at and not opened yet.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub lock: FileLock,
    pub report: OpenReport,
}

/// Whether a SQLite of this version keeps its commits.
fn check_sqlite(number: i32, version: &'static str) -> Result<(), OpenStoreError> {
    if number < SQLITE_VERSION_MIN {
        return Err(OpenStoreError::OldSqlite { found: version });
    }
    Ok(())
}

/// Takes a database's file for this process, with its folder, and looks at the remains of the last run. The report has
/// the file's own path, where the given one is a link.
pub(crate) fn prepare(
    path: &Path,
    readers: Readers,
    examine: impl FnOnce(&Path, LastRun) -> io::Result<OpenReport>,
) -> Result<Prepared, OpenStoreError> {
    check_sqlite(rusqlite::version_number(), rusqlite::version())?;
    let unusable = |path: &Path| {
        let path = path.to_owned();
        move |cause| OpenStoreError::File { path, cause }
    };
    let path = &followed(path).map_err(unusable(path))?;
    if let Some(folder) = path.parent() {
        create_folder(folder).map_err(unusable(folder))?;
    }
    let mut lock = FileLock::take(path).map_err(|error| match error {
        LockError::Held(pid) => OpenStoreError::InUse {
            path: path.to_owned(),
            pid,
        },
        LockError::Io(path, cause) => OpenStoreError::File { path, cause },
    })?;
    let report = examine(path, lock.last_run()).map_err(unusable(path))?;
    for warning in &report.warnings {
        tracing::error!("{warning}");
    }
    create_database(path, readers).map_err(unusable(path))?;
    // The next process to open it may fold its log in, even if opening fails in the end.
    lock.say_closed(lock.last_run().is_check_due(), false);
    Ok(Prepared { lock, report })
}

impl Database {
    /// Opens or creates the file and brings it to the current schema.
    pub fn open(
        path: &Path,
        durability: Durability,
        schema: Schema,
    ) -> Result<Self, OpenStoreError> {
        let readers = match schema.is_shared() {
            true => Readers::AsItWas,
            false => Readers::Owner,
        };
        let Prepared { lock, mut report } = prepare(path, readers, examine)?;
        let path = &report.path.clone();
        let short = report.warnings.iter().find_map(|warning| match warning {
            OpenWarning::DatabaseShort {
                pages,
                pages_missing,
                ..
            } => Some((*pages, *pages_missing)),
            _ => None,
        });
        let failed = |cause| match short {
            Some((pages, pages_missing)) => OpenStoreError::Short {
                path: path.to_owned(),
                pages,
                pages_missing,
                cause,
            },
            None => OpenStoreError::Database {
                path: path.to_owned(),
                cause,
            },
        };
        let writer = open_writer(path, durability).map_err(failed)?;
        let migrated = schema.migrate(&writer, path);
        report.copied_to = migrated.map_err(|error| match error {
            MigrateError::Newer { found, supported } => OpenStoreError::NewerSchema {
                path: path.to_owned(),
                found,
                supported,
            },
            MigrateError::Foreign => OpenStoreError::Foreign {
                path: path.to_owned(),
            },
            MigrateError::NotShared(why) => OpenStoreError::NotShared {
                path: path.to_owned(),
                why,
            },
            MigrateError::Copy { found, cause } => OpenStoreError::Copy {
                path: path.to_owned(),
                found,
                supported: schema.version(),
                cause: match cause {
                    CopyError::File(cause) => cause.into(),
                    CopyError::Database(cause) => cause.into(),
                },
            },
            MigrateError::Database(cause) => failed(cause),
        })?;
        if let Some(copy) = &report.copied_to {
            // Not that anything is wrong; but it takes room, and this is the only time that it is said.
            tracing::warn!(
                "`{}` was brought to schema version {}; as it was before, it is kept as `{}`",
                path.display(),
                schema.version(),
                copy.display()
            );
        }
        Ok(Self {
            path: path.to_owned(),
            durability,
            writer,
            report,
            lock,
        })
    }

    /// Says for the next run that this one has the database open. Called when its log is there.
    pub fn say_open(&mut self) -> Result<(), OpenStoreError> {
        let log = beside(&self.path, "-wal");
        // SQLite cuts a log that a burst made longer, never to less.
        let log_bytes = std::fs::metadata(&log).map_or(0, |it| it.len().min(LOG_BYTES));
        let durably = self.durability == Durability::Disk;
        let open = LastRun::Open { log_bytes };
        let said = self.lock.write(open, durably);
        said.map_err(|cause| OpenStoreError::File {
            path: beside(&self.path, ".lock"),
            cause,
        })
    }

    /// One more connection, which copies the log into the database.
    pub fn open_copier(&self) -> Result<Connection, OpenStoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || {
            let connection = Connection::open_with_flags(&self.path, flags)?;
            connection.pragma_update(None, "synchronous", synchronous(self.durability))?;
            Ok(connection)
        };
        open().map_err(|cause| OpenStoreError::Database {
            path: self.path.clone(),
            cause,
        })
    }

    /// Writes the log file out to the length that it will have, before anything else uses it.
    /// A commit then changes bytes of the file and not its length, which is half the work of its
    /// fsync. SQLite ends a log at the first frame that does not belong to it, as zeroes do not.
    pub fn lengthen_log(&self) {
        if let Err(error) = lengthen(&beside(&self.path, "-wal")) {
            // Slower, no worse; and a disk without room for it may still have room to go on.
            tracing::warn!(%error, "the write-ahead log could not be lengthened in advance");
        }
    }

    /// One more connection, which only reads.
    pub fn open_reader(&self) -> Result<Connection, OpenStoreError> {
        open_reader(&self.path).map_err(|cause| OpenStoreError::Database {
            path: self.path.clone(),
            cause,
        })
    }
}

fn lengthen(log: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(log)?;
    let length = file.metadata()?.len();
    let written = write_zeroes(&mut file, LOG_BYTES.saturating_sub(length));
    if written.is_err() {
        file.set_len(length)?;
    }
    written
}

fn write_zeroes(file: &mut File, mut count: u64) -> io::Result<()> {
    let zeroes = vec![0; 1024 * 1024];
    while count > 0 {
        let length = zeroes
            .len()
            .min(usize::try_from(count).unwrap_or(usize::MAX));
        file.write_all(&zeroes[..length])?;
        count -= length as u64;
    }
    file.sync_all()
}

fn open_writer(path: &Path, durability: Durability) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // The page size has to be set before the first page is written.
    connection.pragma_update(None, "page_size", 4096)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", synchronous(durability))?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    // A burst leaves no lasting trace.
    connection.pragma_update_and_check(None, "journal_size_limit", 2 * LOG_BYTES, |_| Ok(()))?;
    // Rows that belong together are written and removed together by the statements themselves.
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// No `mmap_size`: a disk error in mapped memory kills the process instead of failing the call.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// With FULL every commit is synced. With NORMAL the log is synced only before it is copied, which
/// keeps the file sound through a power loss that takes the last commits. OFF syncs nothing.
const fn synchronous(durability: Durability) -> &'static str {
    match durability {
        Durability::Disk => "FULL",
        Durability::Os => "NORMAL",
        Durability::Memory => "OFF",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlite_that_can_lose_commits_is_refused() {
        let error = check_sqlite(3_049_002, "3.49.2").expect_err("it is too old");
        let said = error.to_string();
        assert!(
            said.contains("built with SQLite 3.49.2, which can lose"),
            "{said}"
        );
        check_sqlite(3_051_002, "3.51.2").expect_err("the last that can");
        check_sqlite(3_051_003, "3.51.3").expect("the first that cannot");
    }
}
