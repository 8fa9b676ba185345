//! Where a Rust project takes `lambdura` and `lambdura-testing` from.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::exit::CliError;

const REPOSITORY: &str = "https://github.com/lambdura/lambdura";

/// Where the crates come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SdkSource {
    /// The repository, as everybody has it.
    Repository,
    /// A checkout: for projects that are made within it, and for those of its tests.
    Checkout(PathBuf),
}

impl SdkSource {
    /// The checkout that is given, or the one that `here` lies in, or the repository.
    ///
    /// # Errors
    /// What is given is not a checkout.
    pub fn find(here: &Path, given: Option<&Path>) -> Result<Self, CliError> {
        let Some(given) = given else {
            let around = here.ancestors().find(|folder| is_checkout(folder));
            return Ok(around.map_or(Self::Repository, |it| Self::Checkout(it.to_owned())));
        };
        let folder = given
            .canonicalize()
            .with_context(|| format!("cannot find `{}`", given.display()))?;
        if is_checkout(&folder) {
            return Ok(Self::Checkout(folder));
        }
        Err(CliError::usage(
            format!("`{}` is not a checkout of Lambdura", given.display()),
            "name the folder that contains its `crates`",
        ))
    }

    /// A crate in `Cargo.toml`, by its folder below `crates`.
    pub fn dependency(&self, folder: &str) -> String {
        match self {
            Self::Repository => format!("{{ git = \"{REPOSITORY}\" }}"),
            Self::Checkout(root) => {
                let path = root.join("crates").join(folder).display().to_string();
                // A quoted string of JSON is one of TOML.
                format!("{{ path = {} }}", serde_json::Value::from(path))
            }
        }
    }
}

fn is_checkout(folder: &Path) -> bool {
    let manifest = fs::read_to_string(folder.join("crates/sdk/Cargo.toml"));
    manifest.is_ok_and(|text| text.lines().any(|line| line == "name = \"lambdura\""))
}

/// Whether cargo would look for a workspace above.
pub fn is_below_a_manifest(here: &Path) -> bool {
    here.ancestors()
        .any(|folder| folder.join("Cargo.toml").is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_the_checkout_its_own_crates_are_taken() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let found = SdkSource::find(here, None).expect("it is looked for");
        let SdkSource::Checkout(root) = &found else {
            panic!("{found:?}");
        };
        assert!(root.join("crates/cli").is_dir());
        assert!(found.dependency("sdk").ends_with("/crates/sdk\" }"));
    }

    #[test]
    fn elsewhere_the_repository_is() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let found = SdkSource::find(scratch.path(), None).expect("it is looked for");
        assert_eq!(
            found.dependency("sdk"),
            format!("{{ git = \"{REPOSITORY}\" }}")
        );
        assert!(SdkSource::find(scratch.path(), Some(scratch.path())).is_err());
    }
}
