//! Frozen copies of functions' code, each in a folder named after its content.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// Files of one function at the most, and their size: Lambda's own limit of an unpacked archive,
/// ten times over, because nothing is uploaded here.
const FILES_MAX: usize = 100_000;
const BYTES_MAX: u64 = 2_500 * 1024 * 1024;

/// Why a function's code could not be frozen.
#[derive(Debug, Error)]
pub enum FreezeCodeError {
    /// A file could not be read or written.
    #[error("copy `{}`", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        #[source]
        cause: io::Error,
    },
    /// A link leads out of the code folder.
    #[error("`{}` links to something outside of the function's code; copy it there instead", .0.display())]
    LinkOutside(PathBuf),
    /// Too much code.
    #[error("`{}` holds more than {FILES_MAX} files or {BYTES_MAX} bytes; is it the right folder?", .0.display())]
    TooLarge(PathBuf),
}

/// Code at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FrozenCode {
    pub dir: PathBuf,
    /// SHA-256 over names, modes and contents, base64.
    pub sha256: String,
    pub bytes: u64,
}

/// Copies the code below `source` into `code_dir/<hash>` unless it is there already.
///
/// A copy becomes visible whole: it is made beside its place and moved there.
pub(crate) fn freeze(source: &Path, code_dir: &Path) -> Result<FrozenCode, FreezeCodeError> {
    let files = list(source)?;
    let (digest, bytes) = hash(source, &files)?;
    let name: String = digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let dir = code_dir.join(name);
    let frozen = FrozenCode {
        dir: dir.clone(),
        sha256: STANDARD.encode(&digest),
        bytes,
    };
    if dir.is_dir() {
        return Ok(frozen);
    }
    let partial = dir.with_extension(format!("partial-{}", std::process::id()));
    let at = |path: &Path| {
        let path = path.to_owned();
        move |cause| FreezeCodeError::Io { path, cause }
    };
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(at(&partial))?;
    }
    fs::create_dir_all(&partial).map_err(at(&partial))?;
    for file in &files {
        let target = partial.join(file);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(at(parent))?;
        }
        fs::copy(source.join(file), &target).map_err(at(&target))?;
    }
    match fs::rename(&partial, &dir) {
        Ok(()) => Ok(frozen),
        // Another deployment of the same code was faster.
        Err(_) if dir.is_dir() => {
            fs::remove_dir_all(&partial).map_err(at(&partial))?;
            Ok(frozen)
        }
        Err(cause) => Err(FreezeCodeError::Io { path: dir, cause }),
    }
}

/// Removes frozen code that no version uses, and what was left half copied. Only at the start, when
/// nothing is being frozen. Compared are the names, which say what is in a folder: the path to all of
/// them may be written differently from one start to the next.
pub(crate) fn sweep(code_dir: &Path, used: &BTreeSet<OsString>) {
    let Ok(entries) = fs::read_dir(code_dir) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if used.contains(&name) || !is_ours(&name) {
            continue;
        }
        if let Err(error) = fs::remove_dir_all(entry.path()) {
            tracing::warn!(%error, path = %entry.path().display(), "failed to remove unused code");
        }
    }
}

/// Whether a folder is named as frozen code is, whole or partial.
fn is_ours(name: &OsStr) -> bool {
    let text = name.to_string_lossy();
    let hash = text.split('.').next().unwrap_or_default();
    hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Every file below a folder, relative to it, sorted.
fn list(source: &Path) -> Result<Vec<PathBuf>, FreezeCodeError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |cause| FreezeCodeError::Io { path, cause }
    };
    let root = source.canonicalize().map_err(at(source))?;
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let here = source.join(&folder);
        for entry in fs::read_dir(&here).map_err(at(&here))? {
            let entry = entry.map_err(at(&here))?;
            let relative = folder.join(entry.file_name());
            let path = source.join(&relative);
            let canonical = path.canonicalize().map_err(at(&path))?;
            if !canonical.starts_with(&root) {
                return Err(FreezeCodeError::LinkOutside(path));
            }
            let is_link = entry.file_type().map_err(at(&path))?.is_symlink();
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

fn hash(source: &Path, files: &[PathBuf]) -> Result<(Vec<u8>, u64), FreezeCodeError> {
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    for file in files {
        let path = source.join(file);
        let io = |cause| FreezeCodeError::Io {
            path: path.clone(),
            cause,
        };
        let name = file.as_os_str().as_encoded_bytes();
        let mut content = fs::File::open(&path).map_err(io)?;
        let metadata = content.metadata().map_err(io)?;
        bytes += metadata.len();
        if bytes > BYTES_MAX {
            return Err(FreezeCodeError::TooLarge(source.to_owned()));
        }
        // Lengths come first, so that no two trees read alike.
        hasher.update((name.len() as u64).to_be_bytes());
        hasher.update(name);
        hasher.update([u8::from(is_executable(&metadata))]);
        hasher.update(metadata.len().to_be_bytes());
        io::copy(&mut content, &mut hasher).map_err(io)?;
    }
    Ok((hasher.finalize().to_vec(), bytes))
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_metadata: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unused_code_of_ours_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let (used, unused) = ("0".repeat(32), "a".repeat(32));
        let partial = format!("{used}.partial-1");
        for name in [used.as_str(), &unused, &partial, "theirs"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        sweep(folder.path(), &BTreeSet::from([OsString::from(&used)]));
        let mut left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, [used, "theirs".to_owned()]);
    }
}
