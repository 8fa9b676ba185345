//! Files and folders that only this user can read: payloads are in them.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::presence::beside;

/// Creates a folder with its missing parents.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Which users may read an existing database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner: permissions that an earlier version of the program gave to others are removed.
    Owner,
    /// The same users as before: it may be an application's, which knows whom it is for.
    AsItWas,
}

/// Creates a database's file for its owner alone, unless it is there. SQLite gives the files beside it the same
/// mode.
pub(crate) fn create_database(path: &Path, readers: Readers) -> io::Result<()> {
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match created {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    if readers == Readers::AsItWas {
        return Ok(());
    }
    for path in ["", "-wal", "-shm", ".lock"].map(|ending| beside(path, ending)) {
        if let Err(error) = close_to_others(&path) {
            // On a file system without modes, or as a user who may write and does not own it.
            tracing::warn!(%error, "`{}` stays readable by other users", path.display());
        }
    }
    Ok(())
}

fn close_to_others(path: &Path) -> io::Result<()> {
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if mode & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode & 0o700))
}
