//! A stack and the built code of its functions, as one archive: what `lambdura deploy` sends.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Cursor, Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use stack::Stack;
use thiserror::Error;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::deploy::Artifacts;

/// The format of what is written here.
const FORMAT: u32 = 1;

/// The list in an archive.
const LIST: &str = "stack.json";

/// Largest list, in bytes.
const LIST_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Bytes that a bundle may unpack to, and entries that it may have.
const UNPACKED_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
const ENTRIES_MAX: usize = 500_000;

/// Why a bundle cannot be made or read.
#[derive(Debug, Error)]
pub enum BundleError {
    /// A file cannot be read or written.
    #[error("`{}`", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        #[source]
        cause: io::Error,
    },
    /// It is not what this program writes.
    #[error("it is no bundle of a stack: {0}")]
    Broken(String),
    /// It is of another version of this program.
    #[error("it has format {0}, and this program reads format {FORMAT}: deploy with the same version")]
    Format(u32),
}

/// What is in a bundle besides code.
#[derive(Debug, Serialize, Deserialize)]
struct Listed {
    format: u32,
    stack: Stack,
    /// The folder below `code/` of each function, by logical id.
    folders: BTreeMap<String, String>,
    left_out: BTreeMap<String, String>,
}

/// A stack as it comes from elsewhere: what is left is the code, in folders of its own.
#[derive(Debug)]
pub struct Bundle {
    /// The template, resolved.
    pub stack: Stack,
    /// Its functions' code.
    pub artifacts: Artifacts,
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> BundleError {
    let path = path.to_owned();
    move |cause| BundleError::Io { path, cause }
}

fn broken(error: impl std::fmt::Display) -> BundleError {
    BundleError::Broken(error.to_string())
}

impl Bundle {
    /// Packs a stack: the same stack and code give the same bytes.
    ///
    /// # Errors
    /// When code cannot be read.
    pub fn pack(stack: &Stack, artifacts: &Artifacts) -> Result<Vec<u8>, BundleError> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let mut names: BTreeMap<&Path, String> = BTreeMap::new();
        let mut folders = BTreeMap::new();
        for (logical_id, folder) in &artifacts.folders {
            let next = names.len().to_string();
            let is_new = !names.contains_key(folder.as_path());
            let name = names.entry(folder).or_insert(next).clone();
            if is_new {
                add_folder(&mut archive, folder, &Path::new("code").join(&name))?;
            }
            folders.insert(logical_id.clone(), name);
        }
        let listed = Listed {
            format: FORMAT,
            stack: stack.clone(),
            folders,
            left_out: artifacts.left_out.clone(),
        };
        let list = serde_json::to_vec(&listed).map_err(broken)?;
        archive.start_file(LIST, options(0o600)).map_err(broken)?;
        archive.write_all(&list).map_err(broken)?;
        Ok(archive.finish().map_err(broken)?.into_inner())
    }

    /// Unpacks a bundle into a folder, which is made anew.
    ///
    /// # Errors
    /// When it is none, or cannot be written.
    pub fn unpack(bytes: &[u8], folder: &Path) -> Result<Self, BundleError> {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
        if archive.len() > ENTRIES_MAX {
            return Err(broken("it has too many files"));
        }
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(folder)(error)),
            _ => {}
        }
        fs::create_dir_all(folder).map_err(at(folder))?;
        let mut left = UNPACKED_BYTES_MAX;
        let mut links = Vec::new();
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).map_err(broken)?;
            let name = entry.name().map_err(broken)?.to_string();
            if name == LIST || name.ends_with('/') {
                continue;
            }
            let path = folder.join(inside(&name)?);
            let mode = entry.unix_mode().unwrap_or(0o600);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(at(parent))?;
            }
            if entry.is_symlink() {
                let mut target = String::new();
                (&mut entry).take(4096).read_to_string(&mut target).map_err(broken)?;
                links.push((path, target));
                continue;
            }
            let mut file = File::create_new(&path).map_err(at(&path))?;
            let copied = io::copy(&mut (&mut entry).take(left + 1), &mut file);
            let copied = copied.map_err(at(&path))?;
            left = left.checked_sub(copied).ok_or_else(|| broken("it is too large"))?;
            let mode = fs::Permissions::from_mode(mode & 0o777 | 0o600);
            fs::set_permissions(&path, mode).map_err(at(&path))?;
        }
        // Last, so that nothing was written through one. Freezing refuses those that lead out of their folder.
        for (path, target) in links {
            symlink(&target, &path).map_err(at(&path))?;
        }
        let listed = read_list(&mut archive)?;
        let artifacts = Artifacts {
            folders: listed
                .folders
                .into_iter()
                .map(|(id, name)| Ok((id, folder.join("code").join(inside(&name)?))))
                .collect::<Result<_, BundleError>>()?,
            left_out: listed.left_out,
            ..Artifacts::default()
        };
        Ok(Self {
            stack: listed.stack,
            artifacts,
        })
    }

    /// The name of the stack in a bundle, and the stack, without unpacking its code.
    ///
    /// # Errors
    /// When it is none.
    pub fn stack_in(bytes: &[u8]) -> Result<Stack, BundleError> {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
        Ok(read_list(&mut archive)?.stack)
    }
}

fn read_list(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<Listed, BundleError> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let mut list = Vec::new();
    let entry = archive.by_name(LIST).map_err(broken)?;
    entry.take(LIST_BYTES_MAX).read_to_end(&mut list).map_err(broken)?;
    let Format { format } = serde_json::from_slice(&list).map_err(broken)?;
    if format != FORMAT {
        return Err(BundleError::Format(format));
    }
    serde_json::from_slice(&list).map_err(broken)
}

/// A path of an archive, which must stay inside.
fn inside(name: &str) -> Result<PathBuf, BundleError> {
    let path = PathBuf::from(name);
    let stays = |part: Component<'_>| matches!(part, Component::Normal(_));
    match path.components().all(stays) && !name.is_empty() {
        true => Ok(path),
        false => Err(BundleError::Broken(format!("`{name}` is not a path inside of it"))),
    }
}

fn options(mode: u32) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default())
        .large_file(true)
        .unix_permissions(mode)
}

/// Adds what is below a folder, in order of name.
fn add_folder(
    archive: &mut ZipWriter<Cursor<Vec<u8>>>,
    folder: &Path,
    to: &Path,
) -> Result<(), BundleError> {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .map_err(at(folder))?
        .collect::<Result<_, _>>()
        .map_err(at(folder))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, inside) = (entry.path(), to.join(entry.file_name()));
        let name = inside.to_str().ok_or_else(|| broken("a file's name is not UTF-8"))?;
        let metadata = fs::symlink_metadata(&path).map_err(at(&path))?;
        if metadata.is_symlink() {
            let target = fs::read_link(&path).map_err(at(&path))?;
            let target = target.to_str().ok_or_else(|| broken("a link's target is not UTF-8"))?;
            archive.add_symlink(name, target, options(0o777)).map_err(broken)?;
        } else if metadata.is_dir() {
            add_folder(archive, &path, &inside)?;
        } else {
            let mode = if metadata.permissions().mode() & 0o111 == 0 { 0o644 } else { 0o755 };
            archive.start_file(name, options(mode)).map_err(broken)?;
            let mut file = File::open(&path).map_err(at(&path))?;
            io::copy(&mut file, archive).map_err(at(&path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_brings_stack_and_code() {
        let folder = tempfile::tempdir().expect("there is room");
        let code = folder.path().join("built");
        fs::create_dir_all(code.join("deep")).expect("it is new");
        fs::write(code.join("bootstrap"), "#!/bin/sh\n").expect("there is room");
        fs::set_permissions(code.join("bootstrap"), fs::Permissions::from_mode(0o755)).expect("it is ours");
        fs::write(code.join("deep/data"), "1").expect("there is room");
        symlink("deep/data", code.join("link")).expect("it is new");
        let stack = Stack {
            name: "orders".to_owned(),
            ..Stack::default()
        };
        let artifacts: Artifacts = [("One".to_owned(), code.clone()), ("Two".to_owned(), code)]
            .into_iter()
            .collect();
        let bytes = Bundle::pack(&stack, &artifacts).expect("it can be read");
        assert_eq!(bytes, Bundle::pack(&stack, &artifacts).expect("again"));
        assert_eq!(Bundle::stack_in(&bytes).expect("it is one"), stack);
        for _ in 0..2 {
            let bundle = Bundle::unpack(&bytes, &folder.path().join("there")).expect("it is one");
            assert_eq!(bundle.stack, stack);
            let there = &bundle.artifacts.folders["Two"];
            assert_eq!(there, &bundle.artifacts.folders["One"]);
            assert_eq!(fs::read(there.join("link")).expect("a link"), b"1");
            let mode = fs::metadata(there.join("bootstrap")).expect("a file").permissions().mode();
            assert_eq!(mode & 0o111, 0o111);
        }
    }

    #[test]
    fn what_is_no_bundle_is_refused() {
        let folder = tempfile::tempdir().expect("there is room");
        let there = folder.path().join("there");
        for bytes in [b"".as_slice(), b"PK", &[7; 1000]] {
            Bundle::unpack(bytes, &there).expect_err("it is none");
        }
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file("../outside", options(0o644)).expect("any name");
        let bytes = archive.finish().expect("a zip").into_inner();
        let refused = Bundle::unpack(&bytes, &there).expect_err("it leads out");
        assert!(refused.to_string().contains("../outside"), "{refused}");
        assert!(!folder.path().join("outside").exists());
    }
}
