//! The seed of secrets that a template leaves to Secrets Manager (`GenerateSecretString`). It is drawn once and kept in
//! the data folder, so that the secrets stay the same.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::OnceLock;

use anyhow::Context as _;

use crate::exit::CliError;

const FILE: &str = "secret-seed";

/// The seed in a data folder, or one that is drawn for it.
pub fn of(data_dir: &Path) -> String {
    match fs::read_to_string(data_dir.join(FILE)) {
        Ok(kept) if !kept.trim().is_empty() => kept.trim().to_owned(),
        Ok(_) | Err(_) => fresh().to_owned(),
    }
}

/// Keeps the seed that was drawn, unless there is one.
///
/// # Errors
/// It cannot be written.
pub fn keep(data_dir: &Path) -> Result<(), CliError> {
    let path = data_dir.join(FILE);
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(fresh().as_bytes()));
    match made {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => Ok(made.with_context(|| format!("cannot write `{}`", path.display()))?),
    }
}

/// 244 bits of chance.
fn fresh() -> &'static str {
    static FRESH: OnceLock<String> = OnceLock::new();
    FRESH.get_or_init(|| {
        [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()]
            .map(|it| it.simple().to_string())
            .concat()
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_seed_is_kept_and_nobody_elses() {
        let dir = tempfile::tempdir().unwrap();
        let drawn = of(dir.path());
        keep(dir.path()).unwrap();
        let path = dir.path().join(FILE);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(of(dir.path()), drawn);
        fs::write(&path, "another\n").unwrap();
        keep(dir.path()).unwrap();
        assert_eq!(of(dir.path()), "another");
    }
}
