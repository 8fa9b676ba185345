//! The data folder: inputs, results, logs and tables of all users of this server. Other users of the machine have no
//! reason to read it.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

/// Permissions for the owner only.
const PRIVATE: u32 = 0o700;

/// Creates a missing folder, so that only its owner can read it; warns about an existing folder that others can read.
/// It may have been shared on purpose, and stays as it is.
pub(crate) fn prepare(path: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(PRIVATE)
        .create(path)?;
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    if mode & !PRIVATE != 0 {
        tracing::warn!(
            "the data folder `{}` can be read by other users of this machine (mode {mode:o}); \
             `chmod 700` it unless that is meant",
            path.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        let metadata = fs::metadata(path).expect("it is there");
        metadata.permissions().mode() & 0o777
    }

    #[test]
    fn a_new_folder_is_its_owners_and_an_old_one_stays_as_it_is() {
        let folder = tempfile::tempdir().expect("there is room");
        let new = folder.path().join("some/data");
        prepare(&new).expect("it can be made");
        assert_eq!(mode(&new), PRIVATE);
        let old = folder.path().join("old");
        fs::create_dir(&old).expect("it can be made");
        fs::set_permissions(&old, fs::Permissions::from_mode(0o755)).expect("it is ours");
        prepare(&old).expect("it is there");
        assert_eq!(mode(&old), 0o755);
    }
}
