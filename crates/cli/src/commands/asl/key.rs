//! The key of executions that are kept. It proves to an item's execution that the machine itself began it.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use state_machine::Key;

use crate::exit::CliError;

/// Reads the key that lies beside the file of executions, or makes it.
///
/// # Errors
/// When it cannot be read or written, or the file holds no key.
pub fn beside(data: &Path) -> Result<Key, CliError> {
    let mut path = data.as_os_str().to_owned();
    path.push(".key");
    let path = Path::new(&path);
    let at = || format!("`{}`", path.display());
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    match options.open(path) {
        Ok(mut file) => {
            let key = Key::draw().context("make a key")?;
            let written = writeln!(file, "{}", key.to_text());
            written.with_context(|| format!("write {}", at()))?;
            Ok(key)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let text = std::fs::read_to_string(path);
            let text = text.with_context(|| format!("read {}", at()))?;
            Key::parse(&text).ok_or_else(|| {
                CliError::usage(
                    format!("{} is no key of executions", at()),
                    "delete it together with the file of executions that it belongs to",
                )
            })
        }
        Err(error) => Err(anyhow::Error::new(error)
            .context(format!("make {}", at()))
            .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("order.db");
        let made = beside(&data).expect("it is made");
        assert_eq!(beside(&data).expect("it is read"), made);
        std::fs::write(folder.path().join("order.db.key"), "x").expect("it is written");
        assert!(beside(&data).is_err());
    }
}
