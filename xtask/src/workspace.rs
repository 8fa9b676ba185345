//! The workspace as cargo sees it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;

/// The Cargo workspace: its folders, and its members.
#[derive(Debug)]
pub struct Workspace {
    /// The folder of the root manifest.
    pub root: PathBuf,
    /// Where cargo builds; honours `CARGO_TARGET_DIR`.
    pub target: PathBuf,
    /// The members, by name.
    pub packages: Vec<Package>,
}

/// A member of the workspace.
#[derive(Debug, Clone, Deserialize)]
pub struct Package {
    pub name: String,
    pub version: String,
    /// `Some([])` is `publish = false`.
    pub publish: Option<Vec<String>>,
    pub license: Option<String>,
    pub manifest_path: PathBuf,
    pub dependencies: Vec<Dependency>,
}

/// A dependency as a manifest declares it.
#[derive(Debug, Clone, Deserialize)]
pub struct Dependency {
    pub name: String,
    /// `None` is an ordinary one; else `dev` or `build`.
    pub kind: Option<String>,
    /// Whether only a feature asks for it.
    pub optional: bool,
}

impl Workspace {
    /// Asks cargo about the workspace that this program was built from.
    pub fn load() -> Result<Self> {
        #[derive(Deserialize)]
        struct Metadata {
            packages: Vec<Package>,
            target_directory: PathBuf,
            workspace_root: PathBuf,
        }

        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let mut command = cargo();
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        command.arg("--manifest-path").arg(manifest);
        let json = process::output(&mut command)?;
        let metadata: Metadata =
            serde_json::from_str(&json).context("read what `cargo metadata` printed")?;
        let mut packages = metadata.packages;
        packages.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self {
            root: metadata.workspace_root,
            target: metadata.target_directory,
            packages,
        })
    }

    /// A folder of our own for the files that chores leave behind: logs, environments, pages.
    pub fn chores(&self) -> PathBuf {
        self.target.join("xtask")
    }

    /// Every file that git tracks or would track, relative to the root.
    pub fn files(&self) -> Result<BTreeSet<PathBuf>> {
        let listed = self.git(&[
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])?;
        let names = listed.split('\0').filter(|name| !name.is_empty());
        // A deleted file stays listed until the deletion is staged.
        let present = names.filter(|name| self.root.join(name).is_file());
        Ok(present.map(PathBuf::from).collect())
    }

    /// Git's output for these arguments.
    pub fn git(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new("git");
        process::output(command.arg("-C").arg(&self.root).args(arguments))
    }
}

impl Package {
    /// The folder of its manifest.
    pub fn folder(&self) -> &Path {
        self.manifest_path
            .parent()
            .expect("a manifest lies in a folder")
    }
}

/// The cargo that runs this program, so that both are of one toolchain.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Makes `folder`, without anything in it.
pub fn empty_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("empty `{}`", folder.display())),
    }
    fs::create_dir_all(folder).with_context(|| format!("create `{}`", folder.display()))
}
