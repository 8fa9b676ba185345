//! The file with the key that seals secrets. It is in the data folder, only its owner may read it, and it is not part
//! of the database, so that a copy of the database reveals no secret.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use access::SealingKey;

/// Its name in the data folder.
const FILE_NAME: &str = "access.key";

/// Permissions of other users; all must be off.
const OTHERS: u32 = 0o077;

/// Why the sealing key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SealingFileError {
    /// The file cannot be read or created.
    #[error("use the sealing key in `{}`: {cause}", .path.display())]
    File { path: PathBuf, cause: io::Error },
    /// Other users can read it.
    #[error(
        "the sealing key in `{}` can be read by other users of this machine: `chmod 600` it, and rotate the access keys \
         if somebody may have read it",
        .0.display()
    )]
    Open(PathBuf),
    /// Its content is not a sealing key.
    #[error("`{}` contains no sealing key, which is 32 bytes in base64", .0.display())]
    Malformed(PathBuf),
    /// The operating system gives no randomness.
    #[error(transparent)]
    Randomness(#[from] access::NoRandomness),
}

/// Reads the sealing key of a data folder; none when there is no file.
pub(super) fn read(data_dir: &Path) -> Result<Option<SealingKey>, SealingFileError> {
    let path = data_dir.join(FILE_NAME);
    let failed = |cause| SealingFileError::File {
        path: path.clone(),
        cause,
    };
    let metadata = match fs::metadata(&path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if metadata.permissions().mode() & OTHERS != 0 {
        return Err(SealingFileError::Open(path));
    }
    let text = fs::read_to_string(&path).map_err(failed)?;
    let key = SealingKey::parse(&text).map_err(|_| SealingFileError::Malformed(path))?;
    Ok(Some(key))
}

/// Creates a sealing key in a data folder that has none.
pub(super) fn create(data_dir: &Path) -> Result<SealingKey, SealingFileError> {
    let key = SealingKey::draw()?;
    let path = data_dir.join(FILE_NAME);
    write(&path, &key).map_err(|cause| SealingFileError::File { path, cause })?;
    Ok(key)
}

fn write(path: &Path, key: &SealingKey) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        // An existing key seals stored secrets: it is never overwritten.
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    writeln!(file, "{}", key.text())?;
    // Durable before any secret is sealed with it.
    file.sync_all()?;
    match path.parent() {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().expect("there is room");
        assert!(matches!(read(folder.path()), Ok(None)));
        let key = create(folder.path()).expect("it can be made");
        let path = folder.path().join(FILE_NAME);
        let mode = fs::metadata(&path).expect("it is there").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        assert_eq!(read(folder.path()).expect("it is ours"), Some(key));
        assert!(create(folder.path()).is_err(), "it is not overwritten");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("it is ours");
        assert!(matches!(
            read(folder.path()),
            Err(SealingFileError::Open(_))
        ));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
        fs::write(&path, "something else").expect("it is ours");
        let refused = read(folder.path());
        assert!(matches!(refused, Err(SealingFileError::Malformed(_))));
    }
}
