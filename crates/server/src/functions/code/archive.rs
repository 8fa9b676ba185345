//! Deployment packages: untrusted zip archives, unpacked into frozen code.
//!
//! Nothing in an archive is trusted: unpacked bytes are counted while they are written, names are
//! checked part by part, and links are made last and followed once to see where they lead. The code
//! becomes visible whole: it is unpacked beside its place and moved there, as code in folders is.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Cursor, Read as _};
use std::path::{Component, Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use zip::ZipArchive;
use zip::read::ZipFile;

use super::check::{Checked, Depth};
use super::disk::{ContentHash, EXECUTABLE_MODE, FILE_MODE, FOLDER_MODE};
use super::error::FreezeCodeError;
use super::manifest::{Content, Entry, from_hex};
use super::store::{CodeStore, FrozenCode, folder_name};

/// Bytes that an archive may unpack to: 250 MB.
/// Source: Lambda quotas page, "Deployment package (.zip file archive) size", read 2026-11.
pub(crate) const UNPACKED_BYTES_MAX: u64 = 262_144_000;

/// The most entries of an archive. Lambda names no number; a deployment package with more is a
/// mistake, and each costs a file.
const ENTRIES_MAX: usize = 50_000;

/// Longest name of an entry and of one part of it, in bytes: the limits of file systems.
const NAME_BYTES_MAX: usize = 1024;
const PART_BYTES_MAX: usize = 255;

/// Longest target of a link, in bytes: a path, not a file.
const LINK_BYTES_MAX: u64 = 1024;

/// The kind of file in a Unix mode.
const KIND_MASK: u32 = 0o170_000;
const KIND_FILE: u32 = 0o100_000;
const KIND_FOLDER: u32 = 0o040_000;
const KIND_LINK: u32 = 0o120_000;

/// Why an archive was not unpacked.
#[derive(Debug, Error)]
pub enum UnpackError {
    /// It is empty.
    #[error("Uploaded file must be a non-empty zip")]
    Empty,
    /// It is no archive, or a broken one.
    #[error("Could not unzip uploaded file. Please check your file, then try to upload again.")]
    Broken,
    /// It unpacks to more than allowed.
    #[error("Unzipped size must be smaller than {UNPACKED_BYTES_MAX} bytes")]
    TooLarge,
    /// It has more entries than allowed.
    #[error(
        "Could not unzip uploaded file. It has more than {ENTRIES_MAX} entries; leave out what the \
         function does not need."
    )]
    TooManyEntries,
    /// One entry is not acceptable.
    #[error("Could not unzip uploaded file. Entry '{name}' {why}.")]
    Entry {
        /// Its name, shortened.
        name: String,
        /// The fault of the entry.
        why: &'static str,
    },
    /// It cannot be written here: an error of this machine, not of the archive.
    #[error("write `{}`", .path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// The system's answer.
        #[source]
        cause: io::Error,
    },
}

/// Unpacks a deployment package into a folder that is empty or does not exist yet, within the limits of uploaded
/// packages.
///
/// # Errors
/// See [`UnpackError`]; files that were unpacked until then stay.
pub fn unpack(archive: &[u8], folder: &Path) -> Result<(), UnpackError> {
    make_folder(folder)?;
    Unpacking::of(folder, UNPACKED_BYTES_MAX)
        .run(archive)
        .map(drop)
}

impl CodeStore {
    /// Checks an archive and unpacks it, unless its code is here already and sound.
    pub fn unpack(&self, archive: &[u8]) -> Result<FrozenCode, UnpackError> {
        self.unpack_within(archive, UNPACKED_BYTES_MAX)
    }

    /// As [`CodeStore::unpack`], for the uploads of a deployment: layers and packages of a template may be larger than
    /// Lambda takes.
    pub fn unpack_deployed(&self, archive: &[u8]) -> Result<FrozenCode, UnpackError> {
        self.unpack_within(archive, super::shared::UNPACKED_BYTES_MAX)
    }

    /// Code that was unpacked from the archive with this hash (64 hexadecimal digits) and so many bytes, if it is here.
    /// The folder stays as long as the returned value exists.
    pub fn of_archive(&self, sha256_hex: &str, bytes: u64) -> Option<FrozenCode> {
        let digest = from_hex(sha256_hex)?;
        let name = folder_name(&digest);
        // The lease comes first: leased code is not swept.
        let lease = self.lease(&name);
        self.has(&name).then(|| FrozenCode {
            dir: self.folder(&name),
            sha256: STANDARD.encode(digest),
            bytes,
            _lease: lease,
        })
    }

    fn unpack_within(&self, archive: &[u8], bytes_max: u64) -> Result<FrozenCode, UnpackError> {
        let digest: ContentHash = Sha256::digest(archive).into();
        let name = folder_name(&digest);
        let frozen = FrozenCode {
            dir: self.folder(&name),
            sha256: STANDARD.encode(digest),
            bytes: archive.len() as u64,
            _lease: self.lease(&name),
        };
        // No other record says what the archive holds, so contents are compared.
        if frozen.dir.is_dir()
            && self.manifest_path(&name).is_file()
            && matches!(self.check(&frozen.dir, Depth::Contents), Checked::Sound)
        {
            return Ok(frozen);
        }
        let _working = self.working();
        let partial = self.partial(&name);
        let placed = self
            .unpack_beside(&partial, archive, bytes_max)
            .and_then(|entries| self.place_or_settle(&partial, &name, entries));
        self.discard(&partial);
        placed.map(|()| frozen)
    }

    /// Unpacks an archive; returns the unpacked entries.
    pub(super) fn unpack_beside(
        &self,
        partial: &Path,
        archive: &[u8],
        bytes_max: u64,
    ) -> Result<Vec<Entry>, UnpackError> {
        make_folder(partial)?;
        let unpacked = Unpacking::of(partial, bytes_max).run(archive)?;
        let mut files = unpacked.files;
        let mut entries = Vec::with_capacity(files.len());
        for (path, target) in unpacked.links {
            files.remove(&path);
            let content = Content::Link { target };
            entries.push(Entry { path, content });
        }
        for path in files {
            let target = partial.join(&path);
            let (hash, _) = self.disk.hash(&target).map_err(at(&target))?;
            entries.push(Entry::file(partial, path, hash).map_err(at(&target))?);
        }
        Ok(entries)
    }

    pub(super) fn place_or_settle(
        &self,
        partial: &Path,
        name: &str,
        entries: Vec<Entry>,
    ) -> Result<(), UnpackError> {
        let placed = if self.folder(name).is_dir() {
            self.settle(name, entries, partial, None)
        } else {
            self.place(partial, name, entries, None)
        };
        placed.map_err(|error| match error {
            FreezeCodeError::Io { path, cause } => UnpackError::Io { path, cause },
            FreezeCodeError::LinkOutside(_)
            | FreezeCodeError::TooLarge(_)
            | FreezeCodeError::Changing(_) => UnpackError::Broken,
        })
    }
}

/// The files and links of an archive on the disk; `files` has the paths of both.
#[derive(Debug)]
struct Unpacked {
    files: BTreeSet<PathBuf>,
    links: Vec<(PathBuf, PathBuf)>,
}

/// Makes a folder for its owner alone, with those above it.
fn make_folder(path: &Path) -> Result<(), UnpackError> {
    let mut builder = fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, FOLDER_MODE);
    builder.recursive(true).create(path).map_err(at(path))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> UnpackError {
    let path = path.to_owned();
    move |cause| UnpackError::Io { path, cause }
}

/// One archive on its way to the disk.
struct Unpacking<'a> {
    root: &'a Path,
    bytes_left: u64,
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
    links: Vec<(PathBuf, PathBuf)>,
}

impl<'a> Unpacking<'a> {
    fn of(root: &'a Path, bytes_left: u64) -> Self {
        Self {
            root,
            bytes_left,
            files: BTreeSet::new(),
            folders: BTreeSet::new(),
            links: Vec::new(),
        }
    }

    fn run(mut self, bytes: &[u8]) -> Result<Unpacked, UnpackError> {
        if bytes.is_empty() {
            return Err(UnpackError::Empty);
        }
        // Counted before anything is parsed: the parser would allocate for the promised number.
        let entries = entry_count(bytes).ok_or(UnpackError::Broken)?;
        if entries == 0 {
            return Err(UnpackError::Empty);
        }
        if entries > ENTRIES_MAX {
            return Err(UnpackError::TooManyEntries);
        }
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| UnpackError::Broken)?;
        // The parser keeps one entry of a name; a smaller number shows that there were two.
        if archive.len() != entries {
            return Err(refused("(one of them)", "is there twice"));
        }
        for index in 0..entries {
            let entry = archive
                .by_index_raw(index)
                .map_err(|_| UnpackError::Broken)?;
            let (encrypted, name) = (entry.encrypted(), name_of(&entry)?);
            drop(entry);
            if encrypted {
                return Err(refused(&name, "is encrypted"));
            }
            let entry = archive.by_index(index).map_err(|error| match error {
                zip::result::ZipError::UnsupportedArchive(_) => {
                    refused(&name, "is compressed by another method than deflate")
                }
                _ => UnpackError::Broken,
            })?;
            self.entry(entry)?;
        }
        if self.files.is_empty() && self.links.is_empty() {
            return Err(UnpackError::Empty);
        }
        self.make_links()?;
        Ok(Unpacked {
            files: self.files,
            links: self.links,
        })
    }

    fn entry(&mut self, mut entry: ZipFile<'_, Cursor<&[u8]>>) -> Result<(), UnpackError> {
        let name = name_of(&entry)?;
        let path = relative(&name)?;
        let mode = entry.unix_mode().unwrap_or(0);
        let folder = entry.is_dir();
        match mode & KIND_MASK {
            KIND_LINK if !folder => {
                self.claim(&name, &path)?;
                let mut target = String::new();
                (&mut entry)
                    .take(LINK_BYTES_MAX + 1)
                    .read_to_string(&mut target)
                    .map_err(|_| UnpackError::Broken)?;
                self.links.push((path, PathBuf::from(target)));
                Ok(())
            }
            0 | KIND_FOLDER if folder => self.folder(&name, &path),
            0 | KIND_FILE if !folder => {
                self.claim(&name, &path)?;
                self.file(&mut entry, &path, mode & 0o111 != 0)
            }
            _ => Err(refused(&name, "is neither a file nor a folder nor a link")),
        }
    }

    fn folder(&mut self, name: &str, path: &Path) -> Result<(), UnpackError> {
        self.check_parents(name, path)?;
        if self.files.contains(path) {
            return Err(refused(name, "is there twice"));
        }
        self.folders.insert(path.to_owned());
        let target = self.root.join(path);
        make_folder(&target)
    }

    /// Reserves a path for a file or a link; no other entry may have it.
    fn claim(&mut self, name: &str, path: &Path) -> Result<(), UnpackError> {
        self.check_parents(name, path)?;
        let taken = self.folders.contains(path) || !self.files.insert(path.to_owned());
        if taken {
            return Err(refused(name, "is there twice"));
        }
        let parent = path.parent().map(|parent| self.root.join(parent));
        match parent {
            Some(parent) => make_folder(&parent),
            None => Ok(()),
        }
    }

    /// Checks that all parents of the path are folders.
    fn check_parents(&mut self, name: &str, path: &Path) -> Result<(), UnpackError> {
        for parent in path.ancestors().skip(1) {
            if parent.as_os_str().is_empty() {
                break;
            }
            if self.files.contains(parent) {
                return Err(refused(name, "lies below a file"));
            }
            self.folders.insert(parent.to_owned());
        }
        Ok(())
    }

    fn file(
        &mut self,
        entry: &mut ZipFile<'_, Cursor<&[u8]>>,
        path: &Path,
        executable: bool,
    ) -> Result<(), UnpackError> {
        let target = self.root.join(path);
        let mut file = File::create_new(&target).map_err(at(&target))?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            // A wrong checksum shows up here too.
            let read = entry.read(&mut buffer).map_err(|_| UnpackError::Broken)?;
            if read == 0 {
                break;
            }
            let left = self.bytes_left.checked_sub(read as u64);
            self.bytes_left = left.ok_or(UnpackError::TooLarge)?;
            io::Write::write_all(&mut file, &buffer[..read]).map_err(at(&target))?;
        }
        set_mode(&file, executable).map_err(at(&target))
    }

    fn make_links(&self) -> Result<(), UnpackError> {
        for (path, target) in &self.links {
            let name = path.display().to_string();
            if !stays_inside(path, target) {
                return Err(refused(&name, "links to something outside of the archive"));
            }
            let link = self.root.join(path);
            make_link(target, &link).map_err(at(&link))?;
        }
        let root = self.root.canonicalize().map_err(at(self.root))?;
        for (path, _) in &self.links {
            let name = path.display().to_string();
            match self.root.join(path).canonicalize() {
                Ok(target) if target.starts_with(&root) => {}
                Ok(_) => return Err(refused(&name, "links to something outside of the archive")),
                Err(_) => return Err(refused(&name, "links to nothing")),
            }
        }
        Ok(())
    }
}

fn name_of(entry: &ZipFile<'_, Cursor<&[u8]>>) -> Result<String, UnpackError> {
    match entry.name() {
        Ok(name) => Ok(name.into_owned()),
        Err(_) => Err(UnpackError::Broken),
    }
}

/// The path of an entry, relative to the folder that it is unpacked into.
fn relative(name: &str) -> Result<PathBuf, UnpackError> {
    if name.len() > NAME_BYTES_MAX {
        return Err(refused(name, "has a name that is too long"));
    }
    if name.starts_with('/') {
        return Err(refused(name, "has an absolute path"));
    }
    if name.contains(['\\', '\0']) {
        return Err(refused(
            name,
            "has a backslash or a zero byte in its name; use an archiver that writes '/'",
        ));
    }
    let mut path = PathBuf::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(refused(name, "leads out of the archive")),
            part if part.len() > PART_BYTES_MAX => {
                return Err(refused(name, "has a name that is too long"));
            }
            part => {
                // On Windows a part may be a drive or a device.
                let mut parts = Path::new(part).components();
                let first = parts.next();
                if !matches!(first, Some(Component::Normal(_))) || parts.next().is_some() {
                    return Err(refused(name, "has an absolute path"));
                }
                path.push(part);
            }
        }
    }
    if path.as_os_str().is_empty() {
        return Err(refused(name, "has no name"));
    }
    Ok(path)
}

/// Whether a link at `path` names something inside, by its text alone. (Other links may still lead
/// it out: that shows when it is followed.)
fn stays_inside(path: &Path, target: &Path) -> bool {
    if target.as_os_str().is_empty() || target.as_os_str().len() as u64 > LINK_BYTES_MAX {
        return false;
    }
    let mut depth = path.components().count() - 1;
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    true
}

fn refused(name: &str, why: &'static str) -> UnpackError {
    let name = name
        .chars()
        .take(128)
        .map(|letter| if letter.is_control() { '?' } else { letter });
    UnpackError::Entry {
        name: name.collect(),
        why,
    }
}

/// How many entries an archive says it has: read from the record at its end, which a comment of up
/// to 65,535 bytes may follow. 65,535 stands for "more", which is too many anyway.
fn entry_count(bytes: &[u8]) -> Option<usize> {
    const SIGNATURE: &[u8] = b"PK\x05\x06";
    const RECORD_BYTES: usize = 22;
    let last = bytes.len().checked_sub(RECORD_BYTES)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    let start = (first..=last)
        .rev()
        .find(|start| bytes[*start..].starts_with(SIGNATURE))?;
    let count = bytes.get(start + 10..start + 12)?;
    Some(usize::from(u16::from_le_bytes([count[0], count[1]])))
}

#[cfg(unix)]
fn set_mode(file: &File, executable: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = if executable {
        EXECUTABLE_MODE
    } else {
        FILE_MODE
    };
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_file: &File, _executable: bool) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn make_link(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn make_link(_target: &Path, _link: &Path) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "links in archives need a Unix file system",
    ))
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
