//! The store of frozen code: its folder, its users, and its known condition.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use function_host::FunctionConfig;
use tokio_util::sync::CancellationToken;

use super::check::Damage;
use super::disk::{self, ContentHash, Disk, FOLDER_MODE};
use super::manifest;

/// Digits of a folder's name: half of a SHA-256.
pub(super) const NAME_DIGITS: usize = store::CODE_NAME_DIGITS;

/// A frozen folder. As long as this value exists, the folder stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FrozenCode {
    pub dir: PathBuf,
    /// SHA-256 over names, modes and contents, or of the archive; base64.
    pub sha256: String,
    pub bytes: u64,
    pub(super) _lease: Arc<Lease>,
}

impl FrozenCode {
    /// A frozen folder, named after the hash over everything in it.
    pub(super) fn new(dir: PathBuf, digest: &ContentHash, bytes: u64, lease: Arc<Lease>) -> Self {
        Self {
            dir,
            sha256: STANDARD.encode(digest),
            bytes,
            _lease: lease,
        }
    }
}

/// Keeps a folder from being swept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lease;

/// All frozen code of a server.
pub(crate) struct CodeStore {
    pub(super) dir: PathBuf,
    pub(super) disk: Disk,
    /// Held while code is added, repaired or removed: so any half-done folder is from an earlier run.
    working: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    leases: HashMap<String, Weak<Lease>>,
    /// All configurations that the registry, a request or a process still has, with their folders.
    configs: Vec<(String, Weak<FunctionConfig>)>,
    pub(super) conditions: HashMap<String, Condition>,
}

/// The condition of a folder, as known since the server started.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    /// Names, sizes and times are as they were frozen.
    Checked,
    /// Contents were checked, too.
    Verified,
    /// Damage that could not be mended.
    Damaged(Arc<Damage>),
}

impl CodeStore {
    /// Opens the store in a folder; makes the folder if need be. Only its owner can open it.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(dir: PathBuf, is_synced: bool, shutdown: CancellationToken) -> io::Result<Self> {
        let disk = Disk {
            is_synced,
            shutdown,
            #[cfg(test)]
            hook: None,
        };
        disk.make_folder(&dir)?;
        // Older servers made the folder readable for all users.
        if let Err(error) = disk::set_mode(&dir, FOLDER_MODE) {
            tracing::warn!(%error, path = %dir.display(), "the code of functions may be readable by other users of this machine");
        }
        disk.sync_folder(disk::parent(&dir))?;
        Ok(Self {
            dir,
            disk,
            working: Mutex::default(),
            state: Mutex::default(),
        })
    }

    /// The folder with the code of a stored version. Folders are known by their names, which are derived from their
    /// contents: the path above them may change from one start to the next.
    pub fn locate(&self, stored: &str) -> PathBuf {
        let stored = Path::new(stored);
        match folder_of(stored) {
            Some(name) => self.dir.join(name),
            None => stored.to_owned(),
        }
    }

    /// Code that is here already, for a version with the same code as another one.
    pub fn frozen(&self, dir: &Path, sha256: String, bytes: u64) -> FrozenCode {
        FrozenCode {
            dir: dir.to_owned(),
            sha256,
            bytes,
            _lease: self.lease(folder_of(dir).unwrap_or_default()),
        }
    }

    /// Keeps the code of a configuration as long as that configuration is referenced.
    pub fn track(&self, config: &Arc<FunctionConfig>) {
        let Some(name) = folder_of(&config.code_dir) else {
            return;
        };
        let mut state = self.state();
        state
            .configs
            .retain(|(_, config)| config.strong_count() > 0);
        let config = Arc::downgrade(config);
        let is_known = |(_, known): &(String, Weak<_>)| known.ptr_eq(&config);
        if !state.configs.iter().any(is_known) {
            state.configs.push((name.to_owned(), config));
        }
    }

    /// The known damage of a version's code.
    pub fn damage(&self, dir: &Path) -> Option<Arc<Damage>> {
        match self.state().conditions.get(folder_of(dir)?) {
            Some(Condition::Damaged(damage)) => Some(Arc::clone(damage)),
            Some(Condition::Checked | Condition::Verified) | None => None,
        }
    }

    /// Whether code was checked since the server started.
    pub fn was_checked(&self, dir: &Path) -> bool {
        folder_of(dir).is_none_or(|name| self.state().conditions.contains_key(name))
    }

    /// Whether contents were compared since the server started, and were sound.
    pub fn was_verified(&self, dir: &Path) -> bool {
        let condition = folder_of(dir).and_then(|name| self.state().conditions.get(name).cloned());
        matches!(condition, Some(Condition::Verified))
    }

    /// How many frozen folders there are on disk.
    #[cfg(test)]
    pub fn folder_count(&self) -> usize {
        let entries = std::fs::read_dir(&self.dir).expect("the folder is there");
        let names = entries.map(|entry| entry.expect("it is readable").path());
        names.filter(|path| folder_of(path).is_some()).count()
    }

    /// Notes that names, sizes and times of a folder were right, unless its condition is known better.
    pub(super) fn note_checked(&self, name: &str) {
        self.state()
            .conditions
            .entry(name.to_owned())
            .or_insert(Condition::Checked);
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Each change is a single insertion or removal.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn working(&self) -> MutexGuard<'_, ()> {
        // A panic leaves half-done work, as a crash does.
        self.working.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lease(&self, name: &str) -> Arc<Lease> {
        let mut state = self.state();
        if let Some(lease) = state.leases.get(name).and_then(Weak::upgrade) {
            return lease;
        }
        let lease = Arc::new(Lease);
        state.leases.retain(|_, lease| lease.strong_count() > 0);
        state.leases.insert(name.to_owned(), Arc::downgrade(&lease));
        lease
    }

    pub(super) fn is_used(&self, name: &str) -> bool {
        let state = self.state();
        let leased = state.leases.get(name);
        let mut configs = state.configs.iter();
        leased.is_some_and(|lease| lease.strong_count() > 0)
            || configs.any(|(used, config)| used == name && config.strong_count() > 0)
    }

    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(super) fn manifest_path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.manifest"))
    }

    /// A path for a file or folder that is being made.
    pub(super) fn partial(&self, name: &str) -> PathBuf {
        let unique = uuid::Uuid::new_v4();
        self.dir.join(format!("{name}.partial-{unique}"))
    }
}

/// The name of the folder for content with this hash.
pub(super) fn folder_name(digest: &ContentHash) -> String {
    let mut name = manifest::hex(digest);
    name.truncate(NAME_DIGITS);
    name
}

/// The name of a frozen folder at the end of a path; `None` for other paths.
pub(super) fn folder_of(path: &Path) -> Option<&str> {
    store::code_name(path)
}
