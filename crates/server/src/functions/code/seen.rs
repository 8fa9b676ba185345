//! Remembers the content of sources since they were last read, so that a start need not read them again.
//!
//! A file counts as unchanged while its inode, size, mode and both of its times are the same: programs cannot set the
//! time of the inode's last change. A source that was written to just before it was read is not remembered, because
//! another write could then bear the same time. If a record is lost, the source is read once more.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::disk::{ContentHash, parent};
use super::error::{FreezeCodeError, at};
use super::manifest::{Content, Manifest, from_hex, hex};
use super::store::{CodeStore, FrozenCode, folder_name};
use super::tree::list;

/// Where sources are remembered, below the code folder.
const FOLDER: &str = "seen";

/// Times of files advance in steps: of the kernel's clock, and on some file systems of two seconds.
const SETTLED_AFTER: Duration = Duration::from_secs(4);

/// The metadata of a source when its content was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sight {
    /// SHA-256 over the names and metadata of its files.
    fingerprint: ContentHash,
    /// Whether its last write was long enough ago.
    is_settled: bool,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    source: String,
    fingerprint: String,
    /// SHA-256 over names, modes and contents, after which the frozen copy is named.
    digest: String,
}

impl Sight {
    /// Reads the metadata of a source without reading its files.
    pub fn of(source: &Path) -> Result<Self, FreezeCodeError> {
        let now = SystemTime::now();
        let mut all = Sha256::new();
        let mut newest = UNIX_EPOCH;
        for path in list(source)? {
            let full = source.join(&path);
            let metadata = fs::metadata(&full).map_err(at(&full))?;
            let name = path.as_os_str().as_bytes();
            all.update((name.len() as u64).to_be_bytes());
            all.update(name);
            for number in [metadata.dev(), metadata.ino(), metadata.len()] {
                all.update(number.to_be_bytes());
            }
            all.update(metadata.mode().to_be_bytes());
            for (seconds, nanos) in [
                (metadata.mtime(), metadata.mtime_nsec()),
                (metadata.ctime(), metadata.ctime_nsec()),
            ] {
                all.update(seconds.to_be_bytes());
                all.update(nanos.to_be_bytes());
            }
            let changed = Duration::from_secs(u64::try_from(metadata.ctime()).unwrap_or(u64::MAX));
            newest = newest.max(UNIX_EPOCH.checked_add(changed).unwrap_or(UNIX_EPOCH));
        }
        Ok(Self {
            fingerprint: all.finalize().into(),
            is_settled: now
                .duration_since(newest)
                .is_ok_and(|age| age > SETTLED_AFTER),
        })
    }

    /// The same, as if nothing had been written to it for long.
    #[cfg(test)]
    pub fn settled(self) -> Self {
        Self {
            is_settled: true,
            ..self
        }
    }
}

impl CodeStore {
    /// The frozen copy of a source that has not changed since it was read; `None` when the source
    /// must be read to know, or when the copy has changed.
    pub(super) fn recall(&self, source: &Path, sight: &Sight) -> Option<FrozenCode> {
        let stored = fs::read(self.seen_path(source)).ok()?;
        let stored: Stored = serde_json::from_slice(&stored).ok()?;
        let is_it = stored.source == source.display().to_string()
            && stored.fingerprint == hex(&sight.fingerprint);
        if !is_it {
            return None;
        }
        let digest = from_hex(&stored.digest)?;
        let name = folder_name(&digest);
        let _working = self.working();
        let dir = self.folder(&name);
        let manifest = Manifest::read(&self.manifest_path(&name)).ok()??;
        let is_whole = self.damage(&dir).is_none()
            && manifest.sources.iter().any(|known| known == source)
            && manifest
                .entries
                .iter()
                .all(|entry| entry.is_untouched(&dir));
        if !is_whole {
            return None;
        }
        let bytes = manifest.entries.iter().map(|entry| match entry.content {
            Content::File { bytes, .. } => bytes,
            Content::Link { .. } => 0,
        });
        let bytes = bytes.sum();
        self.note_checked(&name);
        Some(FrozenCode::new(dir, &digest, bytes, self.lease(&name)))
    }

    /// Remembers the content of a source together with its metadata.
    pub(super) fn remember(&self, source: &Path, sight: &Sight, digest: &ContentHash) {
        if !sight.is_settled {
            return;
        }
        let stored = Stored {
            source: source.display().to_string(),
            fingerprint: hex(&sight.fingerprint),
            digest: hex(digest),
        };
        let bytes = serde_json::to_vec(&stored).expect("texts are always JSON");
        if let Err(error) = self.write_seen(source, &bytes) {
            tracing::debug!(%error, source = %source.display(), "a source will be read again at the next start");
        }
    }

    /// Forgets sources that no longer exist.
    pub(super) fn forget_gone_sources(&self) {
        let entries = fs::read_dir(self.dir.join(FOLDER));
        for entry in entries.into_iter().flatten().flatten() {
            let path = entry.path();
            let stored = fs::read(&path).ok();
            let stored = stored.and_then(|bytes| serde_json::from_slice::<Stored>(&bytes).ok());
            if stored.is_some_and(|stored| Path::new(&stored.source).exists()) {
                continue;
            }
            if let Err(error) = fs::remove_file(&path) {
                tracing::debug!(%error, path = %path.display(), "failed to forget a source");
            }
        }
    }

    fn write_seen(&self, source: &Path, bytes: &[u8]) -> io::Result<()> {
        let path = self.seen_path(source);
        self.disk.make_folder(parent(&path))?;
        // A reader rejects a half-written file: it would not be JSON.
        fs::write(&path, bytes)
    }

    fn seen_path(&self, source: &Path) -> PathBuf {
        let name: ContentHash = Sha256::digest(source.as_os_str().as_bytes()).into();
        self.dir.join(FOLDER).join(folder_name(&name))
    }
}
