//! The operations on the file system: copies with known contents, and syncing them to disk.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

/// Modes of frozen code: only its owner has access, and files are read-only. Folders are writable,
/// because interpreters keep compiled files beside their sources.
pub(super) const FOLDER_MODE: u32 = 0o700;
pub(super) const FILE_MODE: u32 = 0o400;
pub(super) const EXECUTABLE_MODE: u32 = 0o500;

/// Up to so many files and folders are synced one by one. Beyond, syncing the whole file system once is faster,
/// although it also writes the unwritten data of other programs.
const SYNCED_ONE_BY_ONE_MAX: usize = 64;

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// SHA-256 of a file's content.
pub(super) type ContentHash = [u8; 32];

/// Called in tests with the step that was just done, and its path.
#[cfg(test)]
pub(super) type Hook = Box<dyn Fn(&'static str, &Path) + Send + Sync>;

/// The disk that code lies on.
pub(super) struct Disk {
    /// Whether written data must survive the loss of power.
    pub is_synced: bool,
    /// Ends the reading of large files early.
    pub shutdown: CancellationToken,
    #[cfg(test)]
    pub hook: Option<Hook>,
}

impl Disk {
    /// Tells tests that a step is done; a crash may come after every one of them.
    #[cfg(test)]
    pub fn reached(&self, step: &'static str, path: &Path) {
        if let Some(hook) = &self.hook {
            hook(step, path);
        }
    }

    #[cfg(not(test))]
    #[inline]
    #[expect(clippy::unused_self, reason = "tests look at it")]
    pub fn reached(&self, _step: &'static str, _path: &Path) {}

    /// Makes a folder that only its owner can open, and its parents.
    pub fn make_folder(&self, path: &Path) -> io::Result<()> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(path)
    }

    /// Hashes a file's content, and counts its bytes.
    ///
    /// # Errors
    /// When it cannot be read; [`io::ErrorKind::Interrupted`] when the server shuts down.
    pub fn hash(&self, path: &Path) -> io::Result<(ContentHash, u64)> {
        let mut hasher = Sha256::new();
        let bytes = self.read(path, |chunk| hasher.update(chunk))?;
        Ok((hasher.finalize().into(), bytes))
    }

    /// Reads a file to its end.
    pub fn read(&self, path: &Path, mut take: impl FnMut(&[u8])) -> io::Result<u64> {
        let mut file = File::open(path)?;
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut bytes = 0;
        loop {
            if self.shutdown.is_cancelled() {
                let stopped = "the server shuts down";
                return Err(io::Error::new(io::ErrorKind::Interrupted, stopped));
            }
            match file.read(&mut buffer) {
                Ok(0) => return Ok(bytes),
                Ok(read) => {
                    take(&buffer[..read]);
                    bytes += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Copies a file to a free path, and hashes the copy. The kernel copies, so that file systems
    /// which can share the blocks do.
    pub fn copy(&self, from: &Path, to: &Path) -> io::Result<(ContentHash, u64)> {
        fs::copy(from, to)?;
        self.hash(to)
    }

    pub fn sync_file(&self, path: &Path) -> io::Result<()> {
        if self.is_synced {
            File::open(path)?.sync_all()?;
        }
        self.reached("synced", path);
        Ok(())
    }

    /// Syncs the names in a folder.
    pub fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.sync_file(path)
    }

    /// Syncs files and links below a folder, and all folders on the way to them.
    pub fn sync_tree(&self, root: &Path, files: &[&Path], links: &[&Path]) -> io::Result<()> {
        let mut folders = BTreeSet::from([PathBuf::new()]);
        for path in files.iter().chain(links) {
            folders.extend(path.ancestors().skip(1).map(Path::to_owned));
        }
        if self.is_synced
            && files.len() + folders.len() > SYNCED_ONE_BY_ONE_MAX
            && sync_file_system(root)?
        {
            self.reached("file system synced", root);
            return Ok(());
        }
        for file in files {
            self.sync_file(&root.join(file))?;
        }
        // The innermost first: syncing a folder syncs the names in it.
        for folder in folders.iter().rev() {
            self.sync_folder(&root.join(folder))?;
        }
        Ok(())
    }

    /// Writes a file whole or not at all: `partial` is its name until it is whole, and on the same
    /// file system.
    pub fn write(&self, path: &Path, partial: &Path, content: &[u8]) -> io::Result<()> {
        fs::write(partial, content)?;
        set_mode(partial, 0o600)?;
        self.sync_file(partial)?;
        self.reached("written", partial);
        fs::rename(partial, path)?;
        self.reached("renamed", path);
        self.sync_folder(parent(path))
    }
}

/// The folder that a path lies in.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

pub(super) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// The permissions of a file.
pub(super) fn mode(metadata: &fs::Metadata) -> u32 {
    metadata.mode() & 0o777
}

/// When a file was last written to, in nanoseconds since 1970.
pub(super) fn modified_nanos(metadata: &fs::Metadata) -> i64 {
    let seconds = metadata.mtime().saturating_mul(1_000_000_000);
    seconds.saturating_add(metadata.mtime_nsec())
}

pub(super) fn is_executable(metadata: &fs::Metadata) -> bool {
    metadata.mode() & 0o111 != 0
}

/// Syncs the file system that a folder is on; `false` where there is no such call.
#[cfg(target_os = "linux")]
fn sync_file_system(folder: &Path) -> io::Result<bool> {
    nix::unistd::syncfs(File::open(folder)?)?;
    Ok(true)
}

#[cfg(not(target_os = "linux"))]
fn sync_file_system(_folder: &Path) -> io::Result<bool> {
    Ok(false)
}
