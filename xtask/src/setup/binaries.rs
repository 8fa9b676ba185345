//! Our own programs, built by cargo.
//!
//! Always in one cargo command for everything that will run: cargo unites the features of the packages it is asked
//! for, so asking for them one by one would compile tokio and its kin once for each.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use crate::process;
use crate::screen;
use crate::workspace::{Workspace, cargo};

/// How programs are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    Dev,
    Release,
}

impl Profile {
    /// Its name for cargo and `lambdura up --build-profile`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// Programs that are built.
#[derive(Debug, Clone)]
pub struct Binaries {
    pub profile: Profile,
    folder: PathBuf,
}

impl Binaries {
    /// Where the program `name` is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Builds the programs of `packages`.
pub fn build_binaries(
    workspace: &Workspace,
    packages: &[&str],
    profile: Profile,
) -> Result<Binaries> {
    screen::step(&format!(
        "Building {} ({})",
        packages.join(", "),
        profile.name()
    ));
    let started = Instant::now();
    let mut command = cargo();
    command.current_dir(&workspace.root);
    command.args(["build", "--locked", "--bins", "--profile", profile.name()]);
    for package in packages {
        command.args(["--package", package]);
    }
    process::run(&mut command)?;
    screen::note(&format!("built in {}", screen::duration(started.elapsed())));
    Ok(binaries(workspace, profile))
}

/// Puts clippy in the compiler's place for our own crates, and denies warnings: clippy compiles as the compiler does,
/// and checks at the same time. Checking first and then compiling would go through every dependency twice.
///
/// All cargo commands that share built files need this.
pub fn with_clippy(command: &mut Command) -> &mut Command {
    // The variable that `cargo clippy -- --deny warnings` sets.
    command.env(
        "CLIPPY_ARGS",
        "--deny__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__",
    );
    // Not as a variable, which programs that tests compile would get as well.
    command.args(["--config", "build.rustc-workspace-wrapper='clippy-driver'"])
}

/// Builds every program and every test, with the features that tests have: what `cargo test --workspace` runs.
pub fn build_everything(workspace: &Workspace) -> Result<Binaries> {
    let mut command = cargo();
    command.current_dir(&workspace.root);
    command.args(["build", "--locked", "--workspace", "--all-targets"]);
    process::run(with_clippy(&mut command))?;
    Ok(binaries(workspace, Profile::Dev))
}

fn binaries(workspace: &Workspace, profile: Profile) -> Binaries {
    Binaries {
        profile,
        folder: workspace.target.join(profile.folder()),
    }
}
