//! Fresh systems: a Debian for each package, without the requirements of the other packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::Trial;
use crate::process;
use crate::screen;
use crate::setup::install_debian;

/// The release of Debian: the oldest that is still supported.
const SUITE: &str = "bookworm";

impl Trial {
    /// A system of its own with these packages of Debian. Systems without ours are kept for the next time.
    pub fn fresh(&self, name: &str, packages: &[&str]) -> Result<PathBuf> {
        let base = self.base(name, packages)?;
        let root = self.folder.join(format!("{name}-tried"));
        if root.exists() {
            fs::remove_dir_all(&root).with_context(|| format!("remove `{}`", root.display()))?;
        }
        let mut copy = Command::new("cp");
        process::run(
            copy.args(["--archive", "--reflink=auto"])
                .arg(base)
                .arg(&root),
        )?;
        Ok(root)
    }

    fn base(&self, name: &str, packages: &[&str]) -> Result<PathBuf> {
        // The plain one is shared.
        let name = match packages {
            [] => "base",
            _ => name,
        };
        let base = self.folder.join(name);
        let stamp = self.folder.join(format!("{name}.made"));
        if stamp.exists() && base.exists() {
            return Ok(base);
        }
        install_debian("debootstrap", "what makes a fresh Debian")?;
        screen::note(&format!("making a Debian for {name}"));
        if base.exists() {
            fs::remove_dir_all(&base).with_context(|| format!("remove `{}`", base.display()))?;
        }
        let mut make = Command::new("debootstrap");
        make.arg("--variant=minbase");
        if !packages.is_empty() {
            make.arg(format!("--include={}", packages.join(",")));
        }
        process::run(make.arg(SUITE).arg(&base))?;
        fs::write(&stamp, "").with_context(|| format!("write `{}`", stamp.display()))?;
        Ok(base)
    }

    /// Copies our packages of one kind into a system.
    pub fn bring(&self, root: &Path, ending: &str) -> Result<()> {
        let to = root.join("packages");
        fs::create_dir_all(&to).with_context(|| format!("create `{}`", to.display()))?;
        let mut count = 0;
        for entry in fs::read_dir(&self.packages)
            .with_context(|| format!("read `{}`", self.packages.display()))?
        {
            let path = entry.context("read the folder of the packages")?.path();
            let name = path.file_name().context("a file has a name")?;
            if name.to_string_lossy().ends_with(ending) {
                fs::copy(&path, to.join(name))
                    .with_context(|| format!("copy `{}`", path.display()))?;
                count += 1;
            }
        }
        ensure!(count > 0, "there is no `{ending}` among the packages");
        Ok(())
    }

    /// Runs a command in a system, without a network.
    pub fn within(&self, root: &Path, command: &[&str]) -> Result<()> {
        let mut unshare = Command::new("unshare");
        unshare.args(["--net", "--fork", "--kill-child", "chroot"]);
        unshare.arg(root).args(command);
        process::run(
            unshare
                .env_clear()
                .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
                .env("HOME", "/root"),
        )
    }
}

/// This machine's own Node and npm, which have no packages of Debian's among them.
pub fn bring_node(root: &Path) -> Result<()> {
    let found = process::output(Command::new("sh").args([
        "-c",
        "readlink -f \"$(command -v node)\"; readlink -f \"$(command -v npm)\"",
    ]))?;
    let mut lines = found.lines();
    let node = lines.next().context("there is no Node here")?;
    let npm = Path::new(lines.next().context("there is no npm here")?);
    let npm = npm.ancestors().nth(2).context("npm is no package")?;
    let folder = root.join("usr/lib/node_modules");
    fs::create_dir_all(&folder).with_context(|| format!("create `{}`", folder.display()))?;
    process::run(Command::new("cp").arg(node).arg(root.join("usr/bin/node")))?;
    process::run(
        Command::new("cp")
            .args(["--archive", "--dereference"])
            .arg(npm)
            .arg(folder.join("npm")),
    )?;
    let link = root.join("usr/bin/npm");
    std::os::unix::fs::symlink("../lib/node_modules/npm/bin/npm-cli.js", &link)
        .with_context(|| format!("link `{}`", link.display()))
}
