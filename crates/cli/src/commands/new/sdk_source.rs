//! Where a Rust project takes `lambdura` and `lambdura-testing` from.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::exit::CliError;

const REPOSITORY: &str = "https://github.com/lambdura/lambdura";

/// The version whose crates were released last, or nothing before the first release: `cargo xtask release` sets it.
const RELEASED: &str = "";

/// Where the crates come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SdkSource {
    /// The registry, in the version of this program: what a released program was tested with.
    Published(String),
    /// The repository: a program between two releases has no crates of its own on the registry.
    Repository,
    /// A checkout: for projects that are made within it, and for those of its tests.
    Checkout(PathBuf),
}

impl SdkSource {
    /// The checkout that is given, or the one that `here` lies in, or the registry or repository.
    ///
    /// # Errors
    /// The given folder is not a checkout.
    pub fn find(here: &Path, given: Option<&Path>) -> Result<Self, CliError> {
        let Some(given) = given else {
            let around = here.ancestors().find(|folder| is_checkout(folder));
            return Ok(around.map_or_else(
                || Self::of_everybody(env!("CARGO_PKG_VERSION"), RELEASED),
                |it| Self::Checkout(it.to_owned()),
            ));
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

    /// The registry if the crates of this version are there, and else the repository.
    fn of_everybody(version: &str, released: &str) -> Self {
        if version != released {
            return Self::Repository;
        }
        // Without the last number, as people write a dependency: a later mend of the same version is taken.
        let without_last = version.rsplit_once('.').map_or(version, |(most, _)| most);
        Self::Published(without_last.to_owned())
    }

    /// A crate in `Cargo.toml`, by its folder below `crates`.
    pub fn dependency(&self, folder: &str) -> String {
        match self {
            Self::Published(version) => format!("{{ version = \"{version}\" }}"),
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
    fn elsewhere_what_everybody_has_is() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let found = SdkSource::find(scratch.path(), None).expect("it is looked for");
        let expected = SdkSource::of_everybody(env!("CARGO_PKG_VERSION"), RELEASED);
        assert_eq!(found, expected);
        assert!(SdkSource::find(scratch.path(), Some(scratch.path())).is_err());
    }

    #[test]
    fn a_released_program_takes_the_crates_of_its_own_version() {
        let dependency = |version, released| {
            let source = SdkSource::of_everybody(version, released);
            source.dependency("sdk")
        };
        assert_eq!(dependency("0.2.1", "0.2.1"), "{ version = \"0.2\" }");
        let repository = format!("{{ git = \"{REPOSITORY}\" }}");
        assert_eq!(dependency("0.1.0", ""), repository);
        assert_eq!(dependency("0.2.0", "0.1.0"), repository);
    }
}
