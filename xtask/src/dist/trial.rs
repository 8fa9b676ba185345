//! Tries the packages: checks their content, and installs each in a fresh Debian that has neither Rust nor the
//! requirements of the other packages, without a network. The demo has to approve a loan there.

mod fresh;
mod image;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::process;
use crate::screen;
use crate::setup::{install_debian, is_installed};
use crate::workspace::{Workspace, empty_folder};
use fresh::bring_node;

/// Installs and tries the packages of a folder.
pub fn run(workspace: &Workspace, packages: &Path, is_quick: bool) -> Result<()> {
    ensure!(
        nix::unistd::geteuid().is_root(),
        "only root can make a system to try packages in"
    );
    let trial = Trial::new(workspace, packages, is_quick)?;
    trial.unpacked()?;
    trial.image()?;
    trial.red_hat_package()?;
    trial.debian_package()?;
    trial.wheel()?;
    trial.npm()
}

/// Tries the packages that need no Debian of their own, which takes minutes to make. Without root, only looks into the
/// packages.
pub fn run_quickly(workspace: &Workspace, packages: &Path) -> Result<()> {
    let trial = Trial::new(workspace, packages, true)?;
    trial.unpacked()?;
    if !nix::unistd::geteuid().is_root() {
        screen::note("the image and the RPM are not tried: only root can");
        return Ok(());
    }
    trial.image()?;
    trial.red_hat_package()
}

/// The packages to try, and their place.
struct Trial {
    script: PathBuf,
    folder: PathBuf,
    packages: PathBuf,
    /// Whether the binary is a development build, for which the promised times do not hold.
    is_quick: bool,
    /// Folders that a development build reads pages from on request: each with its path relative to the folder of the
    /// crate that reads it.
    pages: Vec<(PathBuf, &'static str)>,
}

/// The user that the demo runs as.
struct Identity<'a> {
    /// Numbers of user and group, as `chroot --userspec` has them.
    user: &'a str,
    home: &'a str,
}

/// Seconds that a development build may take on a busy machine.
const SLOW_SECONDS: &str = "120";

/// Files that the packages for distributions bring.
const INSTALLED: [&str; 8] = [
    "usr/bin/lambdura",
    "usr/share/man/man1/lambdura.1.gz",
    "usr/share/man/man1/lambdura-up.1.gz",
    "usr/share/bash-completion/completions/lambdura",
    "usr/share/fish/vendor_completions.d/lambdura.fish",
    "usr/lib/systemd/system/lambdura.service",
    "etc/lambdura/lambdura.env",
    "usr/share/doc/lambdura/copyright",
];

impl Trial {
    fn new(workspace: &Workspace, packages: &Path, is_quick: bool) -> Result<Self> {
        let folder = workspace.chores().join("trial");
        fs::create_dir_all(&folder).with_context(|| format!("create `{}`", folder.display()))?;
        let pages = [
            ("crates/loan-demo", "../../demo/loan-approval/frontend/dist"),
            ("crates/console-assets", "../../console/dist"),
        ]
        .map(|(krate, page)| (workspace.root.join(krate), page));
        Ok(Self {
            script: workspace.root.join("packaging/trial/demo.py"),
            folder,
            packages: std::path::absolute(packages).context("find the packages")?,
            is_quick,
            pages: is_quick.then_some(pages).into_iter().flatten().collect(),
        })
    }

    /// Looks into the packages, and at the files beside them.
    fn unpacked(&self) -> Result<()> {
        screen::step("Looking into the packages");
        let mut sums = Command::new("sha256sum");
        sums.args(["--check", "--quiet", "--strict", "SHA256SUMS"]);
        process::run(sums.current_dir(&self.packages))?;
        let root = self.folder.join("unpacked");
        empty_folder(&root)?;
        let mut dpkg = Command::new("dpkg-deb");
        process::run(dpkg.arg("--extract").arg(self.package(".deb")?).arg(&root))?;
        check_installed(&root, "usr/share/zsh/vendor-completions/_lambdura")?;
        if is_installed("ruby") {
            let formula = self.packages.join("lambdura.rb");
            process::output(Command::new("ruby").arg("-c").arg(formula))?;
        }
        fs::remove_dir_all(&root).with_context(|| format!("remove `{}`", root.display()))
    }

    /// The RPM, installed by Debian's `rpm`; there is no Fedora to try it on.
    fn red_hat_package(&self) -> Result<()> {
        screen::step("Trying the RPM");
        if !is_installed("rpm") {
            install_debian("rpm", "what installs RPMs")?;
        }
        let root = self.folder.join("rpm-tried");
        empty_folder(&root)?;
        let package = self.package(".rpm")?;
        let mut check = Command::new("rpm");
        process::run(check.args(["--checksig", "--nosignature"]).arg(&package))?;
        let mut install = Command::new("rpm");
        install.arg("--root").arg(&root);
        // There is nothing else in this root: no libraries, and no shell for scripts.
        install.args(["--install", "--nodeps", "--noscripts"]);
        process::run(install.arg(&package))?;
        check_installed(&root, "usr/share/zsh/site-functions/_lambdura")?;
        let ask = |question: &[&str]| {
            let mut rpm = Command::new("rpm");
            process::output(rpm.arg("--root").arg(&root).args(question))
        };
        let settings = ask(&["--query", "--configfiles", "lambdura"])?;
        ensure!(
            settings == "/etc/lambdura/lambdura.env\n",
            "the RPM's settings are: {settings}"
        );
        ask(&["--verify", "--nodeps", "lambdura"])?;
        fs::remove_dir_all(&root).with_context(|| format!("remove `{}`", root.display()))
    }

    fn debian_package(&self) -> Result<()> {
        screen::step("Trying the Debian package");
        let root = self.fresh("debian", &[])?;
        self.bring(&root, ".deb")?;
        self.within(
            &root,
            &[
                "sh",
                "-c",
                "apt-get install --yes --quiet --quiet --no-install-recommends /packages/*.deb",
            ],
        )?;
        self.within(&root, &["lambdura", "doctor"])?;
        // The installed files are those of the package.
        self.within(&root, &["dpkg", "--verify", "lambdura"])?;
        check_installed(&root, "usr/share/zsh/vendor-completions/_lambdura")?;
        self.demo(&root, &["/usr/bin/lambdura", "demo"])
    }

    fn wheel(&self) -> Result<()> {
        screen::step("Trying the wheel");
        let root = self.fresh("python", &["python3-venv"])?;
        self.bring(&root, ".whl")?;
        let install =
            "python3 -m venv /opt/it && /opt/it/bin/pip install --quiet --no-index /packages/*.whl";
        self.within(&root, &["sh", "-c", install])?;
        let plugin = "from importlib.metadata import entry_points as found; \
                      assert [it.value for it in found(group='pytest11')] == ['lambdura_testing.plugin']; \
                      from lambdura_testing import Server";
        self.within(&root, &["/opt/it/bin/python", "-c", plugin])?;
        self.demo(&root, &["/opt/it/bin/lambdura", "demo"])
    }

    fn npm(&self) -> Result<()> {
        screen::step("Trying the packages of npm");
        let root = self.fresh("node", &[])?;
        self.bring(&root, ".tgz")?;
        bring_node(&root)?;
        let install = "mkdir -p /app && cd /app && echo '{}' > package.json && \
                       npm install --offline --no-audit --no-fund --loglevel=error /packages/lambdura-*.tgz";
        self.within(&root, &["sh", "-c", install])?;
        self.demo(
            &root,
            &[
                "sh",
                "-c",
                "cd /app && exec ./node_modules/.bin/lambdura demo",
            ],
        )
    }

    /// The one package whose name has this ending.
    fn package(&self, ending: &str) -> Result<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.packages)
            .with_context(|| format!("read `{}`", self.packages.display()))?
        {
            let path = entry.context("read the folder of the packages")?.path();
            if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
        ensure!(
            found.len() == 1,
            "there are {} packages `{ending}`",
            found.len()
        );
        Ok(found.remove(0))
    }

    /// Copies pages to where a development build looks for them.
    fn bring_pages(&self, root: &Path) -> Result<()> {
        for (krate, page) in &self.pages {
            let within = root.join(krate.strip_prefix("/").unwrap_or(krate));
            fs::create_dir_all(&within)
                .with_context(|| format!("create `{}`", within.display()))?;
            let to = within.join(page);
            let parent = to.parent().context("a page lies in a folder")?;
            fs::create_dir_all(parent).with_context(|| format!("create `{}`", parent.display()))?;
            let mut copy = Command::new("cp");
            process::run(copy.arg("--recursive").arg(krate.join(page)).arg(&to))?;
        }
        Ok(())
    }

    fn demo(&self, root: &Path, command: &[&str]) -> Result<()> {
        self.bring_pages(root)?;
        let identity = Identity {
            user: "0:0",
            home: "/root",
        };
        self.demo_as(root, &identity, command)
    }

    fn demo_as(&self, root: &Path, identity: &Identity<'_>, command: &[&str]) -> Result<()> {
        let mut unshare = Command::new("unshare");
        unshare.args([
            "--mount",
            "--net",
            "--pid",
            "--fork",
            "--kill-child",
            "python3",
        ]);
        unshare.arg(&self.script);
        unshare.args(["--user", identity.user, "--home", identity.home]);
        if self.is_quick {
            unshare.args(["--seconds", SLOW_SECONDS]);
        }
        process::run(unshare.arg(root).args(command))
    }
}

/// Checks that every file is where distributions have it, and can be read.
fn check_installed(root: &Path, zsh: &str) -> Result<()> {
    for file in INSTALLED.iter().chain([&zsh]) {
        let path = root.join(file);
        let about = fs::metadata(&path);
        ensure!(
            about.is_ok_and(|it| it.is_file() && it.len() > 0),
            "the package brings no `/{file}`"
        );
        if path.extension().is_some_and(|it| it == "gz") {
            process::run(Command::new("gzip").arg("--test").arg(&path))?;
        }
    }
    let completions = root.join("usr/share/bash-completion/completions/lambdura");
    process::run(Command::new("bash").arg("-n").arg(completions))
}
