//! The findings when a database was opened, for the caller to report.

use std::path::PathBuf;

use thiserror::Error;

/// The findings of opening a database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenReport {
    /// The database.
    pub path: PathBuf,
    /// Whether the last run ended without closing it, as far as is known.
    pub ended_uncleanly: bool,
    /// Commits of the last run that lay in the write-ahead log, and are in the database now.
    pub log_commits: u64,
    /// Frames of the log in them: each a page.
    pub log_frames: u64,
    /// The copy that was made before the database was brought to the current schema.
    pub copied_to: Option<PathBuf>,
    /// Whether the database is sound. Checked in the background, after a run that did not close it, or that closed it
    /// before such a check was finished.
    pub check: FileCheck,
    /// The damage. The database was opened all the same.
    pub warnings: Vec<OpenWarning>,
}

/// Whether a database is sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileCheck {
    /// The last run closed it, and left no check to be finished.
    NotNeeded,
    /// It is being looked at.
    Running,
    /// Nothing is wrong with it.
    Sound,
    /// One of the warnings describes the damage.
    Damaged,
    /// It is too large to be looked at as a whole.
    NotFinished,
}

/// Damage of a database, as a sentence that says what is lost.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OpenWarning {
    /// Frames of the log cannot be read.
    #[error(
        "the write-ahead log `{log}` is damaged: {commits} commits ({frames} frames) were read, up to byte \
         {ends_at}; {commits_lost} commits ({frames_lost} frames) behind that cannot be read and are \
         lost{}{}", at_most_one(*.commits_lost), kept_as(.kept.as_ref())
    )]
    LogDamaged {
        /// The log.
        log: PathBuf,
        /// Commits that were read.
        commits: u64,
        /// Frames in them.
        frames: u64,
        /// Where reading ended.
        ends_at: u64,
        /// Commits that were not read.
        commits_lost: u64,
        /// Frames from the damage on.
        frames_lost: u64,
        /// A copy of the log as it was found.
        kept: Option<PathBuf>,
    },
    /// The log is not there, and the last run did not close the database.
    #[error(
        "the write-ahead log `{log}` is missing, and the last run ended with the database open: unless \
         another program has opened the database since, the last commits are lost"
    )]
    LogMissing {
        /// The log.
        log: PathBuf,
    },
    /// The log is shorter than the last run made it.
    #[error(
        "the write-ahead log `{log}` was cut off: it has {bytes} bytes and had at least {bytes_before}; \
         {commits} commits were read, and those behind them are lost"
    )]
    LogCut {
        /// The log.
        log: PathBuf,
        /// Commits that were read.
        commits: u64,
        /// Its length.
        bytes: u64,
        /// How long it was at least.
        bytes_before: u64,
    },
    /// The database is not there, and was.
    #[error(
        "database `{database}` is missing or empty, and was not when it was last open: a new one was \
         made{}", log_left(*.log_commits, .kept.as_ref())
    )]
    DatabaseMissing {
        /// The database.
        database: PathBuf,
        /// Commits in the log that was left without it.
        log_commits: u64,
        /// That log, put aside.
        kept: Option<PathBuf>,
    },
    /// The file ends before its last page.
    #[error(
        "database `{database}` was cut off: {pages_missing} of its {pages} pages are missing, and what \
         was in them is lost"
    )]
    DatabaseShort {
        /// The database.
        database: PathBuf,
        /// Pages that it has to have.
        pages: u32,
        /// Pages that are neither in it nor in the log.
        pages_missing: u32,
    },
    /// SQLite's check finds that structures of the database contradict each other.
    #[error("database `{database}` is damaged: {}", .found.join("; "))]
    DatabaseDamaged {
        /// The database.
        database: PathBuf,
        /// The first of SQLite's findings.
        found: Vec<String>,
    },
}

fn at_most_one(commits_lost: u64) -> &'static str {
    if commits_lost == 1 {
        " (unless it is one that was being written when the run ended, which nobody was told about)"
    } else {
        ""
    }
}

fn kept_as(kept: Option<&PathBuf>) -> String {
    kept.map_or_else(String::new, |kept| {
        format!("; the log as it was found is kept as `{}`", kept.display())
    })
}

fn log_left(commits: u64, kept: Option<&PathBuf>) -> String {
    kept.map_or_else(String::new, |kept| {
        format!(
            ", and the log of the old one, with {commits} commits, is kept as `{}`: it fits nothing but \
             the database that is missing",
            kept.display()
        )
    })
}

impl OpenReport {
    pub(crate) fn of(path: PathBuf) -> Self {
        Self {
            path,
            ended_uncleanly: false,
            log_commits: 0,
            log_frames: 0,
            copied_to: None,
            check: FileCheck::NotNeeded,
            warnings: Vec::new(),
        }
    }
}
