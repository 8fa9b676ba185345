//! Copies of databases that are in use, and whether a database is sound: without a lock, while others write.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use thiserror::Error;

use crate::check;
use crate::copy::{self, CopyError};
use crate::open::open_reader;

/// Why there is no copy.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// There is nothing to copy.
    #[error("there is no file `{}`", .0.display())]
    NothingThere(PathBuf),
    /// The database cannot be read.
    #[error("read database `{}`", .path.display())]
    Database {
        /// Which.
        path: PathBuf,
        /// SQLite's error.
        #[source]
        cause: rusqlite::Error,
    },
    /// The copy cannot be written.
    #[error("write `{}`", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        cause: io::Error,
    },
}

/// Copies a database of this or another kind as it is at one moment, also while others write to it: they do not wait,
/// and their uncommitted changes are not in it. `to` must not exist; only its owner can read it.
///
/// Blocks for as long as that takes. The log of the database grows meanwhile.
///
/// # Errors
/// [`SnapshotError`].
pub fn snapshot(from: &Path, to: &Path) -> Result<(), SnapshotError> {
    let connection = reading(from)?;
    copy::make(&connection, to).map_err(|error| match error {
        CopyError::File(cause) => SnapshotError::File {
            path: to.to_owned(),
            cause,
        },
        CopyError::Database(cause) => SnapshotError::Database {
            path: from.to_owned(),
            cause,
        },
    })
}

/// Has SQLite look at every page of a database: returns the damage, by table.
///
/// # Errors
/// When it cannot be opened.
pub fn check_database(path: &Path) -> Result<Vec<String>, SnapshotError> {
    let connection = reading(path)?;
    check::check(&connection).map_err(|cause| SnapshotError::Database {
        path: path.to_owned(),
        cause,
    })
}

fn reading(path: &Path) -> Result<Connection, SnapshotError> {
    if !path.is_file() {
        return Err(SnapshotError::NothingThere(path.to_owned()));
    }
    open_reader(path).map_err(|cause| SnapshotError::Database {
        path: path.to_owned(),
        cause,
    })
}
