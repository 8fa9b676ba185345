//! Looking at the files of a database before SQLite opens them: SQLite repairs what it can without a report.
//!
//! Only before: to open and close a database's file takes from SQLite the locks that this process has
//! on it. Its log has none.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::lock::LastRun;
use crate::log_file::{LogFound, read_log};
use crate::presence::beside;
use crate::report::{OpenReport, OpenWarning};

/// Looks at the files of the database at `path`, and keeps copies of the parts that opening it would destroy.
pub(crate) fn examine(path: &Path, last_run: LastRun) -> io::Result<OpenReport> {
    let (mut report, log) = look(path, last_run)?;
    let Some(file) = FileFound::read(path)? else {
        return Ok(report);
    };
    let pages_missing = file.pages_missing(log.as_ref());
    if pages_missing > 0 {
        report.warnings.push(OpenWarning::DatabaseShort {
            database: path.to_owned(),
            pages: file.pages_expected(log.as_ref()),
            pages_missing,
        });
    }
    Ok(report)
}

/// As [`examine`], without a look into the database itself: for one that may still be open in this process.
pub(crate) fn examine_log(path: &Path, last_run: LastRun) -> io::Result<OpenReport> {
    look(path, last_run).map(|(report, _)| report)
}

fn look(path: &Path, last_run: LastRun) -> io::Result<(OpenReport, Option<LogFound>)> {
    let log = beside(path, "-wal");
    let found = read_log(&log)?;
    let mut report = OpenReport::of(path.to_owned());
    report.ended_uncleanly = matches!(last_run, LastRun::Open { .. });
    let length = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    if length == 0 {
        let warning = missing(path, last_run, log, found.as_ref())?;
        report.warnings.extend(warning);
        return Ok((report, found));
    }
    if let Some(found) = &found {
        report.log_commits = found.commits;
        report.log_frames = found.frames;
    }
    report
        .warnings
        .extend(of_log(log, last_run, found.as_ref()));
    Ok((report, found))
}

/// A database that is missing, and its remains. SQLite would delete a log without one.
fn missing(
    path: &Path,
    last_run: LastRun,
    log: PathBuf,
    found: Option<&LogFound>,
) -> io::Result<Option<OpenWarning>> {
    let log_commits = found.map_or(0, |found| found.commits + found.commits_lost);
    if last_run == LastRun::Unknown && log_commits == 0 {
        return Ok(None);
    }
    let kept = if log_commits > 0 {
        let kept = beside(path, "-wal.without-database");
        fs::rename(log, &kept)?;
        Some(kept)
    } else {
        None
    };
    Ok(Some(OpenWarning::DatabaseMissing {
        database: path.to_owned(),
        log_commits,
        kept,
    }))
}

fn of_log(log: PathBuf, last_run: LastRun, found: Option<&LogFound>) -> Option<OpenWarning> {
    let bytes_before = match last_run {
        LastRun::Open { log_bytes } => Some(log_bytes),
        LastRun::Closed | LastRun::Unchecked | LastRun::Unknown => None,
    };
    let Some(found) = found else {
        return bytes_before.map(|_| OpenWarning::LogMissing { log });
    };
    if found.commits_lost > 0 {
        return Some(OpenWarning::LogDamaged {
            kept: keep_copy(&log),
            log,
            commits: found.commits,
            frames: found.frames,
            ends_at: found.ends_at,
            commits_lost: found.commits_lost,
            frames_lost: found.frames_lost,
        });
    }
    match bytes_before {
        Some(bytes_before) if found.bytes < bytes_before => Some(OpenWarning::LogCut {
            log,
            commits: found.commits,
            bytes: found.bytes,
            bytes_before,
        }),
        Some(_) | None => None,
    }
}

/// A copy, from which more may be recovered. SQLite writes over the parts that it does not read.
fn keep_copy(log: &Path) -> Option<PathBuf> {
    let kept = beside(log, ".damaged");
    match fs::copy(log, &kept) {
        Ok(_) => Some(kept),
        Err(error) => {
            tracing::warn!(%error, "the damaged write-ahead log `{}` could not be copied", log.display());
            None
        }
    }
}

/// The first page of a database, and the length of its file.
struct FileFound {
    pages: u64,
    page_bytes: u32,
    /// As its header counts them; `None` when the count does not hold for the last change.
    pages_counted: Option<u32>,
}

impl FileFound {
    /// `None` when there is no database: no file, or an empty one.
    fn read(path: &Path) -> io::Result<Option<Self>> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        if length == 0 {
            return Ok(None);
        }
        let mut header = [0; 100];
        let is_header = match file.read_exact(&mut header) {
            Ok(()) => header.starts_with(b"SQLite format 3\0"),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => false,
            Err(error) => return Err(error),
        };
        // https://sqlite.org/fileformat2.html#the_database_header
        let word = |at: usize| {
            u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let page_bytes = match word(16) >> 16 {
            1 => 65_536,
            bytes => bytes,
        };
        if !is_header || page_bytes < 512 {
            // SQLite reports it better.
            return Ok(Some(Self {
                pages: u64::MAX,
                page_bytes: 4096,
                pages_counted: None,
            }));
        }
        Ok(Some(Self {
            pages: length / u64::from(page_bytes),
            page_bytes,
            pages_counted: (word(24) == word(92)).then(|| word(28)),
        }))
    }

    /// Pages that there have to be, when the log is counted in.
    fn pages_expected(&self, log: Option<&LogFound>) -> u32 {
        log.and_then(|log| log.pages_after)
            .or(self.pages_counted)
            .unwrap_or(0)
    }

    /// Pages that are neither in the file nor in the log. A run that ends while it copies the log may
    /// leave pages in the log alone; that is as it should be.
    fn pages_missing(&self, log: Option<&LogFound>) -> u32 {
        /// The page with this byte is for locks and is never written.
        const PENDING_BYTE: u32 = 0x4000_0000;
        let first = u32::try_from(self.pages.saturating_add(1)).unwrap_or(u32::MAX);
        let missing = (first..=self.pages_expected(log)).filter(|page| {
            *page != PENDING_BYTE / self.page_bytes + 1
                && log.is_none_or(|log| !log.pages.contains(page))
        });
        u32::try_from(missing.count()).unwrap_or(u32::MAX)
    }
}
