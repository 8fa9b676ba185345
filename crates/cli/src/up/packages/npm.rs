//! The packages of a `package.json`, installed by npm.
//!
//! Most need the manifest and its lock alone, and are installed once for each pair of them. Those that depend on
//! folders beside them, are members of a workspace or run scripts are installed in a copy of everything that they need,
//! in which all folders lie to each other as in the project.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use owo_colors::OwoColorize;
use sha2::{Digest as _, Sha256};
use tokio::process::Command;

use super::program::{Ended, Program, attempt, failed, install, print, relative, run};
use super::workshop::{content, hex};
use super::workspace::{Manifest, Workspace, local_packages};
use super::{Workshop, clear};
use crate::screen::note;
use crate::up::build_error::{BuildError, Subject};
use crate::up::progress::Progress;
use crate::up::tree;

/// Locks that npm obeys.
const LOCKS: [&str; 2] = ["package-lock.json", "npm-shrinkwrap.json"];

/// Locks of other package managers.
const OTHER_LOCKS: [&str; 4] = ["yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"];

/// Installed packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Folders called `node_modules`; earlier ones take precedence.
    pub modules: Vec<PathBuf>,
    /// The package's own folder where scripts may have changed it.
    pub source: Option<PathBuf>,
}

/// Which of a package's dependencies are installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Those that it runs with.
    Run,
    /// Also those that it is built with.
    Build,
}

impl Wanted {
    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Run => &["--omit=dev"],
            Self::Build => &[],
        }
    }
}

/// Installs the packages of a folder; none where it has no `package.json`.
///
/// # Errors
/// npm fails, or a file cannot be written.
pub async fn npm(
    subject: &Subject,
    folder: &Path,
    wanted: Wanted,
    workshop: Workshop<'_>,
) -> Result<Option<Installed>, BuildError> {
    let Some(manifest) = Manifest::of(folder) else {
        return Ok(None);
    };
    let workspace = Workspace::of(folder, workshop.upwards(folder).skip(1));
    if workspace.is_none() && !manifest.needs_sources() {
        return alone(subject, folder, &manifest, wanted, workshop)
            .await
            .map(Some);
    }
    let copy = Copied::of(folder, workspace, wanted, workshop);
    copy.install(subject, workshop).await.map(Some)
}

/// `npm ci` where a lock says what to install.
fn command(folder: &Path, has_lock: bool, wanted: Wanted) -> Program {
    let goal = if has_lock { "ci" } else { "install" };
    let mut command = Command::new("npm");
    command
        .arg(goal)
        .args(["--no-audit", "--no-fund", "--loglevel=error"])
        .args(wanted.options());
    Program::new(command, format!("npm {goal} (in {})", relative(folder)))
}

fn lock_of(folder: &Path) -> Option<PathBuf> {
    let locks = LOCKS.iter().map(|name| folder.join(name));
    locks.into_iter().find(|lock| lock.is_file())
}

/// Whether a folder has a lock of another package manager.
pub fn has_other_lock(folder: &Path) -> bool {
    OTHER_LOCKS.iter().any(|name| folder.join(name).is_file())
}

/// Says that a lock is not obeyed.
fn mention_other_lock(subject: &Subject, folder: &Path) {
    let names = OTHER_LOCKS.iter();
    if let Some(lock) = names.into_iter().find(|name| folder.join(name).is_file()) {
        note(format!(
            "{} {subject}: `{}` is not read: npm chooses the versions by `package.json`",
            "!".yellow(),
            relative(&folder.join(lock))
        ));
    }
}

/// Whether npm says that the lock is another manifest's.
fn is_stale_lock(output: &str) -> bool {
    output.contains("npm ci") && (output.contains("in sync") || output.contains("EUSAGE"))
}

/// Installs packages for which the manifest and its lock are enough.
async fn alone(
    subject: &Subject,
    folder: &Path,
    manifest: &Manifest,
    wanted: Wanted,
    workshop: Workshop<'_>,
) -> Result<Installed, BuildError> {
    let text = manifest.for_npm(None);
    let lock = lock_of(folder);
    let lock_text = match &lock {
        Some(lock) => content(lock)?,
        None => Vec::new(),
    };
    let edition = format!("node{}", wanted.options().join(""));
    let dir = workshop.package_dir(&edition, &[text.as_bytes(), &lock_text]);
    let installed = Installed {
        modules: vec![dir.join("node_modules")],
        source: None,
    };
    if dir.is_dir() {
        return Ok(installed);
    }
    if lock.is_none() {
        mention_other_lock(subject, folder);
    }
    let npmrc = folder.join(".npmrc");
    let stage = |with_lock: bool| {
        let (text, npmrc, lock) = (&text, &npmrc, lock.as_ref().filter(|_| with_lock));
        move |command: &mut Command, partial: &Path| {
            fs::create_dir_all(partial)?;
            fs::write(partial.join("package.json"), text)?;
            for file in lock.into_iter().chain(npmrc.is_file().then_some(npmrc)) {
                fs::copy(file, partial.join(file.file_name().unwrap_or_default()))?;
            }
            command.current_dir(partial);
            Ok(())
        }
    };
    let what = format!("installing the packages of {}", subject.shown);
    if lock.is_some() {
        let partial = dir.with_extension(format!("locked-{}", std::process::id()));
        clear(&partial)?;
        let mut program = command(folder, true, wanted);
        stage(true)(&mut program.command, &partial).map_err(failed(&partial))?;
        let progress = Progress::start(what.clone());
        match attempt(subject, program).await {
            Ok(Ended::Well) => {
                progress.done();
                fs::rename(&partial, &dir).map_err(failed(&dir))?;
                return Ok(installed);
            }
            Ok(Ended::Badly(output)) if is_stale_lock(&output) => {
                progress.failed();
                clear(&partial)?;
                mention_stale_lock(subject, folder);
            }
            ended => {
                progress.failed();
                clear(&partial)?;
                return Err(refused(subject, "npm ci", folder, ended));
            }
        }
    }
    install(
        subject,
        command(folder, false, wanted),
        &dir,
        what,
        stage(false),
    )
    .await?;
    Ok(installed)
}

fn mention_stale_lock(subject: &Subject, folder: &Path) {
    note(format!(
        "{} {subject}: the lock file does not match `{}`: npm chooses the versions; `npm install` brings the lock up to \
         date",
        "!".yellow(),
        relative(&folder.join("package.json"))
    ));
}

fn refused(
    subject: &Subject,
    goal: &str,
    folder: &Path,
    ended: Result<Ended, BuildError>,
) -> BuildError {
    match ended {
        Err(error) => error,
        Ok(ended) => {
            if let Ended::Badly(output) = ended {
                print(&output);
            }
            BuildError::Program {
                subject: subject.clone(),
                program: format!("{goal} (in {})", relative(folder)),
            }
        }
    }
}

/// An installation in a copy of all folders that it needs.
struct Copied<'a> {
    folder: &'a Path,
    /// Where npm is run: the workspace's root, or the folder itself.
    base: PathBuf,
    /// The workspace's members.
    members: Option<Vec<String>>,
    /// Packages outside of `base`.
    beside: BTreeSet<PathBuf>,
    /// What all folders have in common.
    common: PathBuf,
    stage: PathBuf,
    wanted: Wanted,
}

impl<'a> Copied<'a> {
    fn of(
        folder: &'a Path,
        workspace: Option<Workspace>,
        wanted: Wanted,
        workshop: Workshop<'_>,
    ) -> Self {
        let (base, members) = match workspace {
            Some(workspace) => (workspace.root, Some(workspace.patterns)),
            None => (folder.to_owned(), None),
        };
        let beside: BTreeSet<PathBuf> = local_packages(folder)
            .into_iter()
            .filter(|package| !package.starts_with(&base))
            .collect();
        let mut common = base.clone();
        while !beside.iter().all(|package| package.starts_with(&common)) {
            common.pop();
        }
        let mut hasher = Sha256::new();
        hasher.update(folder.as_os_str().as_encoded_bytes());
        hasher.update(wanted.options().join(""));
        let stage = workshop.packages().join(format!("sources-{}", hex(hasher)));
        Self {
            folder,
            base,
            members,
            beside,
            common,
            stage,
            wanted,
        }
    }

    /// A folder's place in the copy.
    fn staged(&self, folder: &Path) -> PathBuf {
        match folder.strip_prefix(&self.common) {
            Ok(below) => self.stage.join("in").join(below),
            Err(_) => self.stage.join("in"),
        }
    }

    fn sources(&self) -> impl Iterator<Item = &PathBuf> {
        std::iter::once(&self.base).chain(&self.beside)
    }

    async fn install(
        &self,
        subject: &Subject,
        workshop: Workshop<'_>,
    ) -> Result<Installed, BuildError> {
        let stamp = self.stage.join("stamp");
        let state = self.state(workshop.data_dir)?;
        if fs::read_to_string(&stamp).is_ok_and(|known| known == state) {
            return Ok(self.installed());
        }
        clear(&self.stage)?;
        for source in self.sources() {
            tree::copy_without(source, &self.staged(source), workshop.data_dir)
                .map_err(failed(source))?;
        }
        self.rewrite_manifests(subject)?;
        for package in &self.beside {
            if Manifest::of(package).is_some_and(|it| it.has_dependencies()) {
                self.run(subject, package, None).await?;
            }
        }
        let member = self.members.as_ref().and(Some(self.folder));
        self.run(subject, &self.base, member).await?;
        fs::write(&stamp, state).map_err(failed(&stamp))?;
        Ok(self.installed())
    }

    /// Names, sizes and times of all sources: a change of any is a reason to install again.
    fn state(&self, data_dir: &Path) -> Result<String, BuildError> {
        let mut hasher = Sha256::new();
        for source in self.sources() {
            tree::fingerprint(source, data_dir, &mut hasher).map_err(|cause| BuildError::Read {
                path: source.clone(),
                cause,
            })?;
        }
        Ok(hex(hasher))
    }

    fn rewrite_manifests(&self, subject: &Subject) -> Result<(), BuildError> {
        if lock_of(&self.base).is_none() {
            mention_other_lock(subject, &self.base);
        }
        let mut manifests = Vec::new();
        tree::find("package.json", &self.stage.join("in"), &mut manifests)
            .map_err(failed(&self.stage))?;
        let root = self.staged(&self.base);
        for path in manifests {
            let folder = path.parent().unwrap_or(&path);
            let members = self.members.as_deref().filter(|_| folder == root);
            if let Some(manifest) = Manifest::of(folder) {
                fs::write(&path, manifest.for_npm(members)).map_err(failed(&path))?;
            }
        }
        Ok(())
    }

    /// Runs npm in the copy of `folder`, for one member of the workspace if it is one.
    async fn run(
        &self,
        subject: &Subject,
        folder: &Path,
        member: Option<&Path>,
    ) -> Result<(), BuildError> {
        let staged = self.staged(folder);
        let aim = |mut program: Program| {
            program.command.current_dir(&staged);
            if let Some(below) = member.and_then(|it| it.strip_prefix(folder).ok()) {
                program.command.arg("--workspace").arg(below);
            }
            program
        };
        let what = format!("installing the packages of {}", subject.shown);
        if lock_of(folder).is_some() {
            let progress = Progress::start(what.clone());
            match attempt(subject, aim(command(folder, true, self.wanted))).await {
                Ok(Ended::Well) => {
                    progress.done();
                    return Ok(());
                }
                Ok(Ended::Badly(output)) if is_stale_lock(&output) => {
                    progress.failed();
                    mention_stale_lock(subject, folder);
                }
                ended => {
                    progress.failed();
                    return Err(refused(subject, "npm ci", folder, ended));
                }
            }
        }
        let program = aim(command(folder, false, self.wanted));
        run(subject, program, Progress::start(what)).await
    }

    fn installed(&self) -> Installed {
        let own = self.staged(self.folder);
        let modules = own
            .ancestors()
            .take_while(|folder| folder.starts_with(&self.stage) && *folder != self.stage)
            .map(|folder| folder.join("node_modules"));
        Installed {
            modules: modules.filter(|it| it.is_dir()).collect(),
            source: Some(own),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_of_another_manifest_is_told_from_other_failures() {
        let stale = "npm error code EUSAGE\nnpm error `npm ci` can only install packages when your package.json and \
                     package-lock.json are in sync.";
        assert!(is_stale_lock(stale));
        assert!(!is_stale_lock("npm error code E404"));
    }

    #[test]
    fn folders_lie_to_each_other_as_in_the_project() {
        let dir = tempfile::tempdir().unwrap();
        let (function, shared) = (dir.path().join("app/fn"), dir.path().join("shared"));
        for folder in [&function, &shared] {
            fs::create_dir_all(folder).unwrap();
        }
        let manifest = r#"{"dependencies": {"shared": "file:../../shared"}}"#;
        fs::write(function.join("package.json"), manifest).unwrap();
        fs::write(shared.join("package.json"), "{}").unwrap();
        let runtimes = std::sync::Arc::new(server::Runtimes::new(dir.path().join("runtimes")));
        let data_dir = dir.path().join("data");
        let workshop = Workshop {
            data_dir: &data_dir,
            project: dir.path(),
            runtimes: &runtimes,
        };
        let copy = Copied::of(&function, None, Wanted::Run, workshop);
        assert_eq!(copy.common, dir.path());
        assert_eq!(copy.beside, BTreeSet::from([shared.clone()]));
        assert_eq!(copy.staged(&shared), copy.stage.join("in/shared"));
        assert_eq!(copy.staged(&function), copy.stage.join("in/app/fn"));
    }
}
