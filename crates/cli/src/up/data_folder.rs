//! Prepares the data folder before anything is built into it: only its owner can read it, and git ignores it.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use anyhow::Context as _;

use crate::exit::CliError;

/// Makes the folder if it is missing, and has git ignore it. One that is there already stays as it is.
///
/// # Errors
/// It cannot be written.
pub fn prepare(data_dir: &Path) -> Result<(), CliError> {
    if data_dir.is_dir() {
        return Ok(());
    }
    let ignore = data_dir.join(".gitignore");
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .and_then(|()| fs::write(&ignore, "*\n"))
        .with_context(|| format!("cannot make the data folder `{}`", data_dir.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_new_folder_is_its_owners_and_none_of_gits_business() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().join("app/.lambdura");
        prepare(&data_dir).unwrap();
        let mode = fs::metadata(&data_dir).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let ignored = fs::read_to_string(data_dir.join(".gitignore")).unwrap();
        assert_eq!(ignored, "*\n");
        // A user who wants git to keep the folder may remove the file.
        fs::remove_file(data_dir.join(".gitignore")).unwrap();
        prepare(&data_dir).unwrap();
        assert!(!data_dir.join(".gitignore").exists());
    }
}
