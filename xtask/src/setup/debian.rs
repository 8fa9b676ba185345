//! Packages of the operating system, where we may install them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::{process, screen};

/// Names under which distributions install Chromium or its sibling.
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// A real Chromium: the one that `CHROMIUM_PATH` names, one on the `PATH`, or Debian's, installed now.
pub fn chromium() -> Result<PathBuf> {
    if let Some(named) = env::var_os("CHROMIUM_PATH") {
        let named = PathBuf::from(named);
        if !named.is_file() {
            bail!(
                "CHROMIUM_PATH names `{}`, and there is no such file",
                named.display()
            );
        }
        return Ok(named);
    }
    if let Some(found) = BROWSERS.into_iter().find_map(on_path) {
        return Ok(found);
    }
    install("chromium", "a real browser for the tests of the page")?;
    on_path("chromium").ok_or_else(|| {
        anyhow::anyhow!(
            "the package `chromium` is installed, and there is no `chromium` on the PATH"
        )
    })
}

/// Where Debian puts the programs of PostgreSQL, below the number of the version.
const POSTGRES_FOLDER: &str = "/usr/lib/postgresql";

/// A PostgreSQL that tests start for themselves: one on the `PATH`, or Debian's, installed now.
pub fn require_postgres() -> Result<()> {
    let is_there = || {
        let versions = std::fs::read_dir(POSTGRES_FOLDER).into_iter().flatten();
        let mut versions = versions.filter_map(|version| Some(version.ok()?.path()));
        on_path("initdb").is_some() || versions.any(|it| is_executable(&it.join("bin/initdb")))
    };
    if is_there() {
        return Ok(());
    }
    install("postgresql", "a PostgreSQL for the tests of the store")?;
    if !is_there() {
        bail!(
            "the package `postgresql` is installed, and there is no `initdb` on the PATH or below {POSTGRES_FOLDER}"
        );
    }
    Ok(())
}

/// Installs a Debian package, if this is a Debian of which we are root; else says what to install.
pub fn install(package: &str, what: &str) -> Result<()> {
    if on_path("apt-get").is_none() {
        bail!(
            "{what} is missing, and this system has no apt-get: install it with your system's packages \
             (on Debian it is the package `{package}`)"
        );
    }
    if !nix::unistd::geteuid().is_root() {
        bail!("{what} is missing: run `sudo apt-get install {package}`, then try again");
    }
    screen::step(&format!("Installing Debian's package `{package}`: {what}"));
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
        command
    };
    process::run(apt().arg("update"))?;
    process::run(apt().args(["install", "--yes", "--no-install-recommends", package]))
}

fn on_path(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    let mut candidates = env::split_paths(&folders).map(|folder| folder.join(program));
    candidates.find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}
