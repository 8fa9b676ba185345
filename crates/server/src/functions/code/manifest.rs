//! The list of a frozen folder's files. It is written last, beside the folder: a folder with a list was whole when it
//! was frozen, and its contents can be compared.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::disk::{ContentHash, mode, modified_nanos};

/// The format of the file; one of another format is read as if it were not there.
const FORMAT: u32 = 1;

/// How many sources of the same code are remembered: those of functions that share it, at their last deployments.
const SOURCES_MAX: usize = 4;

/// The escaped bytes in paths, so that every name that a file system takes is also text.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// The list of frozen files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The folders that the code was copied from, which may still exist; the newest last.
    pub sources: Vec<PathBuf>,
    pub entries: Vec<Entry>,
}

/// A file or link below a frozen folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Relative to the folder.
    pub path: PathBuf,
    pub content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    File {
        bytes: u64,
        mode: u32,
        /// A file with this time was not written to since, and is not read for the comparison.
        modified_nanos: i64,
        hash: ContentHash,
    },
    Link {
        target: PathBuf,
    },
}

#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    sources: Vec<String>,
    files: Vec<StoredFile>,
    links: Vec<StoredLink>,
}

#[derive(Serialize, Deserialize)]
struct StoredFile {
    path: String,
    bytes: u64,
    mode: u32,
    modified_nanos: i64,
    sha256: String,
}

#[derive(Serialize, Deserialize)]
struct StoredLink {
    path: String,
    target: String,
}

impl Entry {
    /// The entry of a file below `root` as it is now, with this hash of its content.
    pub fn file(root: &Path, path: PathBuf, hash: ContentHash) -> io::Result<Self> {
        let metadata = fs::metadata(root.join(&path))?;
        let content = Content::File {
            bytes: metadata.len(),
            mode: mode(&metadata),
            modified_nanos: modified_nanos(&metadata),
            hash,
        };
        Ok(Self { path, content })
    }

    /// Whether the file or link below `root` is as listed, and was not written to since.
    pub fn is_untouched(&self, root: &Path) -> bool {
        let path = root.join(&self.path);
        match &self.content {
            Content::File {
                bytes,
                mode: listed_mode,
                modified_nanos: nanos,
                hash: _,
            } => fs::symlink_metadata(&path).is_ok_and(|metadata| {
                metadata.is_file()
                    && metadata.len() == *bytes
                    && mode(&metadata) == *listed_mode
                    && modified_nanos(&metadata) == *nanos
            }),
            Content::Link { target } => fs::read_link(&path).is_ok_and(|found| found == *target),
        }
    }
}

impl Manifest {
    /// Reads a manifest; `None` when it is absent, damaged or of another format.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let parsed = Self::parse(&bytes);
        if parsed.is_none() {
            tracing::warn!(path = %path.display(), "a list of frozen code cannot be read and is made anew");
        }
        Ok(parsed)
    }

    /// The manifest as it is stored: first a hash of the rest, which tells damage of the manifest from damage of the
    /// code, and then JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut stored = Stored {
            format: FORMAT,
            sources: self.sources.iter().map(|source| text(source)).collect(),
            files: Vec::new(),
            links: Vec::new(),
        };
        for entry in &self.entries {
            let path = text(&entry.path);
            match &entry.content {
                Content::File {
                    bytes,
                    mode,
                    modified_nanos,
                    hash,
                } => stored.files.push(StoredFile {
                    path,
                    bytes: *bytes,
                    mode: *mode,
                    modified_nanos: *modified_nanos,
                    sha256: hex(hash),
                }),
                Content::Link { target } => {
                    let target = text(target);
                    stored.links.push(StoredLink { path, target });
                }
            }
        }
        let body = serde_json::to_vec(&stored).expect("texts and numbers are always JSON");
        let mut bytes = hex(&Sha256::digest(&body).into()).into_bytes();
        bytes.push(b'\n');
        bytes.extend(body);
        bytes
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (hash, body) = (bytes.get(..64)?, bytes.get(65..)?);
        if hash != hex(&Sha256::digest(body).into()).as_bytes() {
            return None;
        }
        let stored: Stored = serde_json::from_slice(body).ok()?;
        if stored.format != FORMAT {
            return None;
        }
        let mut entries = Vec::with_capacity(stored.files.len() + stored.links.len());
        for file in stored.files {
            entries.push(Entry {
                path: path(&file.path),
                content: Content::File {
                    bytes: file.bytes,
                    mode: file.mode,
                    modified_nanos: file.modified_nanos,
                    hash: from_hex(&file.sha256)?,
                },
            });
        }
        for link in stored.links {
            entries.push(Entry {
                path: path(&link.path),
                content: Content::Link {
                    target: path(&link.target),
                },
            });
        }
        Some(Self {
            sources: stored.sources.iter().map(|source| path(source)).collect(),
            entries,
        })
    }

    /// Adds a source of the code, unless it is known.
    pub fn add_source(&mut self, source: &Path) {
        let source = std::path::absolute(source).unwrap_or_else(|_| source.to_owned());
        if self.sources.contains(&source) {
            return;
        }
        if self.sources.len() >= SOURCES_MAX {
            self.sources.remove(0);
        }
        self.sources.push(source);
    }

    /// The paths of all files, and those of all links.
    pub fn paths(&self) -> (Vec<&Path>, Vec<&Path>) {
        let (mut files, mut links) = (Vec::new(), Vec::new());
        for entry in &self.entries {
            match entry.content {
                Content::File { .. } => files.push(entry.path.as_path()),
                Content::Link { .. } => links.push(entry.path.as_path()),
            }
        }
        (files, links)
    }
}

fn text(path: &Path) -> String {
    percent_encode(path.as_os_str().as_bytes(), ESCAPED).to_string()
}

fn path(text: &str) -> PathBuf {
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    OsString::from_vec(bytes).into()
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn from_hex(text: &str) -> Option<ContentHash> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut hash = [0; 32];
    for (index, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let odd = OsString::from_vec(b"caf\xc3\xa9/100%\xff\n".to_vec());
        Manifest {
            sources: vec![PathBuf::from("/src")],
            entries: vec![
                Entry {
                    path: odd.into(),
                    content: Content::File {
                        bytes: 7,
                        mode: 0o500,
                        modified_nanos: 1_800_000_000_123_456_789,
                        hash: [0xab; 32],
                    },
                },
                Entry {
                    path: PathBuf::from("lib/current"),
                    content: Content::Link {
                        target: PathBuf::from("../x"),
                    },
                },
            ],
        }
    }

    #[test]
    fn every_name_survives() {
        assert_eq!(Manifest::parse(&manifest().to_bytes()), Some(manifest()));
    }

    #[test]
    fn a_damaged_manifest_is_none() {
        let bytes = manifest().to_bytes();
        assert_eq!(Manifest::parse(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Manifest::parse(b""), None);
        for index in [0, 64, 70, bytes.len() - 5] {
            let mut flipped = bytes.clone();
            flipped[index] ^= 1;
            // The line break carries no information.
            let expected = (index == 64).then(manifest);
            assert_eq!(Manifest::parse(&flipped), expected, "{index}");
        }
    }
}
