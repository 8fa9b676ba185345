//! A copy of a database before its schema changes: for going back to the earlier version of the program.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use thiserror::Error;

use crate::presence::beside;

/// The common part of the names of copies, after the name of the database.
const ENDING: &str = ".before-version-";

/// Why there is no copy.
#[derive(Debug, Error)]
pub(crate) enum CopyError {
    #[error(transparent)]
    File(#[from] io::Error),
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
}

/// Copies the database, as its connection sees it, beside itself, and removes earlier copies.
pub(crate) fn copy_before(
    connection: &Connection,
    database: &Path,
    version: u32,
) -> Result<PathBuf, CopyError> {
    let copy = beside(database, &format!("{ENDING}{version}"));
    let partial = beside(database, ".copy");
    let made = make(connection, &partial).and_then(|()| Ok(fs::rename(&partial, &copy)?));
    if let Err(error) = made {
        // Half a copy is useless and takes room; the error that is reported is the first one.
        let _ = fs::remove_file(&partial);
        return Err(error);
    }
    if let Err(error) = remove_others(database, &copy) {
        tracing::warn!(%error, "earlier copies of `{}` are still there", database.display());
    }
    Ok(copy)
}

/// Copies the database into a file that only its owner can read.
pub(crate) fn make(connection: &Connection, path: &Path) -> Result<(), CopyError> {
    // SQLite fills an empty file, and would make one that all users can read.
    let file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    let text = path.to_str().ok_or(io::ErrorKind::InvalidFilename);
    connection.execute("VACUUM INTO ?1", [text.map_err(io::Error::from)?])?;
    file.sync_all()?;
    Ok(())
}

fn remove_others(database: &Path, newest: &Path) -> io::Result<()> {
    let folder = match database.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    };
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push(ENDING);
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_copy = path
            .file_name()
            .is_some_and(|it| it.as_encoded_bytes().starts_with(name.as_encoded_bytes()));
        if is_copy && path != newest {
            fs::remove_file(path)?;
        }
    }
    // So that the new name survives the change of the schema.
    File::open(folder)?.sync_all()
}
