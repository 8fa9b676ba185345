//! Node packages.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::version;
use crate::{process, screen};

/// Holds the lockfile that `node_modules` was installed from.
const STAMP: &str = "node_modules/.installed-lock.json";

/// Checks that there is a Node that can build the page, and npm.
pub fn require_node() -> Result<()> {
    let advice = "install Node.js from https://nodejs.org or with your system's packages";
    version::require("node", (20, 19), advice)?;
    // Any npm knows lockfiles of version 3.
    version::require(
        "npm",
        (9, 0),
        "npm comes with Node.js; on Debian it is the package `npm`",
    )
}

/// Installs what `folder`'s lockfile says, unless that has been done.
pub fn install_packages(folder: &Path) -> Result<()> {
    let lockfile = folder.join("package-lock.json");
    let stamp = folder.join(STAMP);
    let wanted = fs::read(&lockfile).with_context(|| format!("read `{}`", lockfile.display()))?;
    match fs::read(&stamp) {
        Ok(installed) if installed == wanted => return Ok(()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            return Err(error).with_context(|| format!("read `{}`", stamp.display()));
        }
    }
    screen::step(&format!("Installing the packages of {}", folder.display()));
    process::run(npm(folder).args(["ci", "--no-audit", "--no-fund"]))?;
    fs::write(&stamp, wanted).with_context(|| format!("write `{}`", stamp.display()))
}

/// npm in `folder`.
pub fn npm(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder);
    command
}
