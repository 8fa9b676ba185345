//! Why a database cannot be opened.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a database could not be opened.
#[derive(Debug, Error)]
pub enum OpenStoreError {
    /// Another process has it open.
    #[error(
        "database `{path}` is in use by {}: stop that server, or choose another data directory",
        holder(*.pid)
    )]
    InUse {
        /// The database.
        path: PathBuf,
        /// The process, when it could be read.
        pid: Option<u32>,
    },
    /// It was written by a later version of this program.
    #[error(
        "database `{path}` has schema version {found}, and this program knows versions up to \
         {supported}: use the program that wrote it, or choose another data directory"
    )]
    NewerSchema {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The newest version that this program knows.
        supported: u32,
    },
    /// The SQLite in this program can lose commits.
    #[error(
        "this program was built with SQLite {found}, which can lose committed transactions: build it with \
         3.51.3 or later, as the workspace of its source does"
    )]
    OldSqlite {
        /// Its version.
        found: &'static str,
    },
    /// There is no copy of the database, which has to be changed.
    #[error(
        "failed to copy database `{path}`, which is done before it is brought from schema version {found} \
         to {supported}: it needs as much room again on the disk"
    )]
    Copy {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The schema version of this program.
        supported: u32,
        /// The obstacle.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file ends before its last page, and SQLite cannot use the rest.
    #[error(
        "database `{path}` was cut off: {pages_missing} of its {pages} pages are missing; put a copy back, \
         or read what is left with `sqlite3 {path} .recover`"
    )]
    Short {
        /// The database.
        path: PathBuf,
        /// Pages that it has to have.
        pages: u32,
        /// The missing ones.
        pages_missing: u32,
        /// SQLite's error.
        #[source]
        cause: rusqlite::Error,
    },
    /// It is a database of another program.
    #[error("file `{path}` is not a database of this program: choose another data directory")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It is the database of an application, and has no place for durable executions.
    #[error("database `{path}` cannot hold durable executions beside its own tables: {why}")]
    NotShared {
        /// The file.
        path: PathBuf,
        /// The obstacle, and the remedy.
        why: String,
    },
    /// There is nothing to look at.
    #[error("there are no durable executions in `{path}`: {why}")]
    NothingThere {
        /// The file.
        path: PathBuf,
        /// What is there instead.
        why: String,
    },
    /// A file or directory could not be used.
    #[error("failed to prepare `{path}`")]
    File {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        cause: io::Error,
    },
    /// SQLite could not use the file: it is damaged, read-only, or the disk is full.
    #[error("failed to open database `{path}`")]
    Database {
        /// The database.
        path: PathBuf,
        /// SQLite's error.
        #[source]
        cause: rusqlite::Error,
    },
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(
        || "another process".to_owned(),
        |pid| format!("process {pid}"),
    )
}
