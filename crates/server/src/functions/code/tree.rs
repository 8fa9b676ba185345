//! A folder of code as it was read: its files, and one hash over all of them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::disk::{ContentHash, Disk, is_executable};
use super::error::{BYTES_MAX, FILES_MAX, FreezeCodeError, at};

/// The folder where Python keeps compiled files; not part of a function's code.
const COMPILED: &str = "__pycache__";

/// The code in a folder.
#[derive(Debug)]
pub(super) struct Tree {
    /// By path.
    pub files: Vec<TreeFile>,
    /// SHA-256 over names, modes and contents.
    pub digest: ContentHash,
    pub bytes: u64,
}

/// One file of it; a link has the content of its target.
#[derive(Debug)]
pub(super) struct TreeFile {
    /// Relative to the folder.
    pub path: PathBuf,
    pub bytes: u64,
    pub is_executable: bool,
    pub hash: ContentHash,
}

impl Tree {
    /// Reads all files below a folder.
    pub fn read(source: &Path, disk: &Disk) -> Result<Self, FreezeCodeError> {
        Self::of(source, list(source)?, disk)
    }

    /// As [`Tree::read`], without the files that interpreters have added while the code ran.
    pub fn read_without_compiled(source: &Path, disk: &Disk) -> Result<Self, FreezeCodeError> {
        let mut paths = list(source)?;
        paths.retain(|path| path.iter().all(|part| part != OsStr::new(COMPILED)));
        Self::of(source, paths, disk)
    }

    fn of(source: &Path, paths: Vec<PathBuf>, disk: &Disk) -> Result<Self, FreezeCodeError> {
        let mut all = Sha256::new();
        let mut files = Vec::with_capacity(paths.len());
        let mut bytes_left = BYTES_MAX;
        for path in paths {
            let full = source.join(&path);
            let metadata = fs::metadata(&full).map_err(at(&full))?;
            bytes_left = bytes_left
                .checked_sub(metadata.len())
                .ok_or_else(|| FreezeCodeError::TooLarge(source.to_owned()))?;
            // Lengths come first, so that different trees never hash the same bytes.
            let name = path.as_os_str().as_encoded_bytes();
            all.update((name.len() as u64).to_be_bytes());
            all.update(name);
            all.update([u8::from(is_executable(&metadata))]);
            all.update(metadata.len().to_be_bytes());
            let mut own = Sha256::new();
            let read = disk.read(&full, |chunk| {
                all.update(chunk);
                own.update(chunk);
            });
            files.push(TreeFile {
                bytes: read.map_err(at(&full))?,
                is_executable: is_executable(&metadata),
                hash: own.finalize().into(),
                path,
            });
        }
        Ok(Self {
            bytes: BYTES_MAX - bytes_left,
            files,
            digest: all.finalize().into(),
        })
    }
}

/// Every file below a folder, relative to it, sorted.
pub(super) fn list(source: &Path) -> Result<Vec<PathBuf>, FreezeCodeError> {
    let root = source.canonicalize().map_err(at(source))?;
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let here = source.join(&folder);
        for entry in fs::read_dir(&here).map_err(at(&here))? {
            let entry = entry.map_err(at(&here))?;
            let relative = folder.join(entry.file_name());
            let path = source.join(&relative);
            let is_link = entry.file_type().map_err(at(&path))?.is_symlink();
            if is_link {
                let canonical = path.canonicalize().map_err(at(&path))?;
                if !canonical.starts_with(&root) {
                    return Err(FreezeCodeError::LinkOutside(path));
                }
            }
            let metadata = fs::metadata(&path).map_err(at(&path))?;
            if metadata.is_dir() {
                // A link to a folder of the same code could lead around in circles.
                if !is_link {
                    folders.push(relative);
                }
            } else if metadata.is_file() {
                files.push(relative);
            }
            if files.len() > FILES_MAX {
                return Err(FreezeCodeError::TooLarge(source.to_owned()));
            }
        }
    }
    files.sort();
    Ok(files)
}
