//! Installs packages of the operating system, where this is possible.

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

/// The folder of the programs of a PostgreSQL that we start for ourselves: Debian's newest, that on the `PATH`, or
/// Debian's, installed now.
pub fn require_postgres() -> Result<PathBuf> {
    if let Some(found) = postgres_programs() {
        return Ok(found);
    }
    install("postgresql", "a PostgreSQL of our own")?;
    postgres_programs().ok_or_else(|| {
        anyhow::anyhow!(
            "the package `postgresql` is installed, and there is no `initdb` on the PATH or below {POSTGRES_FOLDER}"
        )
    })
}

fn postgres_programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(POSTGRES_FOLDER).into_iter().flatten();
    let folders = versions.filter_map(|version| Some(version.ok()?.path()));
    let there = folders.filter(|folder| is_executable(&folder.join("bin/initdb")));
    let number = |folder: &PathBuf| folder.file_name()?.to_str()?.parse::<u32>().ok();
    match there.max_by_key(number) {
        Some(newest) => Some(newest.join("bin")),
        // `initdb` on the path may be a link into the folder of the other programs.
        None => Some(on_path("initdb")?.canonicalize().ok()?.parent()?.to_owned()),
    }
}

/// Programs that some suites need: the program, its package, what for, and the suite that is skipped without it.
const FOR_SUITES: [(&str, &str, &str, &str); 3] = [
    (
        "patroni",
        "patroni",
        "a PostgreSQL that fails over",
        "test_failover.py",
    ),
    (
        "etcd",
        "etcd-server",
        "a PostgreSQL that fails over",
        "test_failover.py",
    ),
    (
        "systemd-analyze",
        "systemd",
        "a look at the unit for systemd",
        "test_service.py",
    ),
];

/// Installs what some suites need. Where it cannot, it says so, and those suites are skipped: they say it too.
pub fn programs_for_suites() {
    for (program, package, what, suite) in FOR_SUITES {
        if on_path(program).is_some() {
            continue;
        }
        if let Err(error) = install(package, what) {
            screen::note(&format!("conformance/{suite} is skipped: {error:#}"));
        }
    }
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

/// Whether there is a program of this name.
pub fn is_installed(program: &str) -> bool {
    on_path(program).is_some()
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
