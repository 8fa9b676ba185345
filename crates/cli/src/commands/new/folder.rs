//! Writes a new folder, and nothing that is there already.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;

use crate::exit::CliError;

/// # Errors
/// The folder is there and not empty, or cannot be written.
pub fn write(folder: &Path, files: &[(String, String)]) -> Result<(), CliError> {
    check_free(folder)?;
    for (path, text) in files {
        let path = folder.join(path);
        write_file(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(())
}

fn check_free(folder: &Path) -> Result<(), CliError> {
    let taken = |what: &str| {
        Err(CliError::usage(
            format!("`{}` {what}", folder.display()),
            "choose another name, or move it away first; nothing has been written",
        ))
    };
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            let context = format!("cannot look at `{}`", folder.display());
            return Err(anyhow::Error::new(error).context(context).into());
        }
        Ok(found) if !found.is_dir() => return taken("exists already, and is not a folder"),
        Ok(_) => {}
    }
    let mut entries =
        fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => taken("exists already, and is not empty"),
    }
}

fn write_file(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Fails rather than overwrite a file that another process has put there since.
    fs::File::create_new(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<(String, String)> {
        vec![("src/app.py".to_owned(), "new\n".to_owned())]
    }

    fn message(error: CliError) -> String {
        match error {
            CliError::Usage { message, .. } => message,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_new_or_an_empty_folder_is_filled() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        for name in ["new", "empty"] {
            let folder = scratch.path().join(name);
            if name == "empty" {
                fs::create_dir(&folder).expect("it is made");
            }
            write(&folder, &files()).expect("it is written");
            assert_eq!(
                fs::read_to_string(folder.join("src/app.py")).expect("it is there"),
                "new\n"
            );
        }
    }

    #[test]
    fn what_is_there_stays() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let folder = scratch.path().join("taken");
        fs::create_dir(&folder).expect("it is made");
        fs::write(folder.join("notes.txt"), "mine").expect("it is written");
        let refused = write(&folder, &files()).expect_err("it is not empty");
        assert!(message(refused).ends_with("exists already, and is not empty"));
        assert!(!folder.join("src").exists());

        let file = folder.join("notes.txt");
        let refused = write(&file, &files()).expect_err("it is a file");
        assert!(message(refused).ends_with("exists already, and is not a folder"));
        assert_eq!(fs::read_to_string(file).expect("it is there"), "mine");
    }
}
