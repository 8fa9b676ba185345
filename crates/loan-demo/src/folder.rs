//! The demo on disk, as after `sam build`: a template beside built functions.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::function::Function;

/// The stack's name; `samconfig.toml` has the same name for a clone of the repository.
pub const STACK_NAME: &str = "loan-approval";

const TEMPLATE: &str = include_str!("../../../demo/loan-approval/template.yaml");
/// The state machine's definition, at the path that the template names.
const DEFINITION: (&str, &str) = (
    "state-machine/loan.asl.json",
    include_str!("../../../demo/loan-approval/state-machine/loan.asl.json"),
);
const EVENTS: [(&str, &str); 2] = [
    (
        "alice.json",
        include_str!("../../../demo/loan-approval/events/alice.json"),
    ),
    (
        "bob.json",
        include_str!("../../../demo/loan-approval/events/bob.json"),
    ),
];

/// The demo's files, written.
#[derive(Debug)]
pub struct Folder {
    template: PathBuf,
}

impl Folder {
    /// Writes the files below `data_dir`, over those of an earlier run; `release` identifies the functions' code.
    ///
    /// # Errors
    /// The files cannot be written; the error does not name the file.
    pub fn write(data_dir: &Path, release: &str) -> io::Result<Self> {
        // By this name `lambdura up` recognises that nothing must be built.
        let built = data_dir.join("loan-approval/.aws-sam/build");
        for function in Function::ALL {
            let folder = built.join("functions").join(function.name());
            fs::create_dir_all(&folder)?;
            let text = function.bootstrap(release);
            write_whole(&folder.join("bootstrap"), &text, 0o755)?;
        }
        let events = built.join("events");
        fs::create_dir_all(&events)?;
        for (name, event) in EVENTS {
            write_whole(&events.join(name), event, 0o644)?;
        }
        let (path, definition) = DEFINITION;
        fs::create_dir_all(built.join(path).parent().unwrap_or(&built))?;
        write_whole(&built.join(path), definition, 0o644)?;
        let template = built.join("template.yaml");
        write_whole(&template, TEMPLATE, 0o644)?;
        Ok(Self { template })
    }

    /// The template, for `lambdura up`.
    pub fn template(&self) -> &Path {
        &self.template
    }
}

/// Writes a file so that a concurrent reader gets the whole old or the whole new one. A file that is already right is
/// left alone.
fn write_whole(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    match fs::read(path) {
        Ok(found) if found == text.as_bytes() => return Ok(()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let partial = path.with_extension(format!("partial-{}", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(mode);
    options.open(&partial)?.write_all(text.as_bytes())?;
    fs::rename(&partial, path)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn every_function_of_the_template_has_its_bootstrap() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::write(dir.path(), "0.1.0").expect("an empty folder can be written");
        let built = folder.template().parent().expect("it lies in a folder");
        let uris = TEMPLATE
            .lines()
            .filter_map(|line| line.trim().strip_prefix("CodeUri: "));
        let bootstraps: BTreeSet<PathBuf> =
            uris.map(|uri| built.join(uri).join("bootstrap")).collect();
        assert_eq!(bootstraps.len(), Function::ALL.len());
        for bootstrap in bootstraps {
            let mode = fs::metadata(&bootstrap).expect("it was written");
            assert_eq!(mode.permissions().mode() & 0o111, 0o111, "{bootstrap:?}");
        }
    }

    #[test]
    fn every_definition_of_the_template_is_there() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::write(dir.path(), "0.1.0").expect("an empty folder can be written");
        let built = folder.template().parent().expect("it lies in a folder");
        let lines = TEMPLATE.lines();
        let mut uris = lines.filter_map(|line| line.trim().strip_prefix("DefinitionUri: "));
        assert_eq!(uris.next(), Some(DEFINITION.0));
        assert_eq!(uris.next(), None);
        let text = fs::read_to_string(built.join(DEFINITION.0)).expect("it was written");
        assert_eq!(text, DEFINITION.1);
    }

    #[test]
    fn another_release_is_other_code() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let bootstrap = || {
            let path = "loan-approval/.aws-sam/build/functions/loan-api/bootstrap";
            fs::read_to_string(dir.path().join(path)).expect("it was written")
        };
        Folder::write(dir.path(), "0.1.0").expect("an empty folder can be written");
        let first = bootstrap();
        Folder::write(dir.path(), "0.2.0").expect("it can be written again");
        assert_ne!(first, bootstrap());
    }
}
