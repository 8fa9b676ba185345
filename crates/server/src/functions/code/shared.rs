//! Code that servers share: a frozen folder as an archive, and back.

use std::fs::File;
use std::io::{self, Cursor, Write as _};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::archive::UnpackError;
use super::disk::{EXECUTABLE_MODE, FILE_MODE};
use super::manifest::{Content, Manifest};
use super::store::{CodeStore, folder_of};

/// Bytes that the archive of another server may unpack to: that server has checked its code, and layers and packages of
/// a template may be larger than uploaded packages.
pub(super) const UNPACKED_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

impl CodeStore {
    /// The name of a version's code, the same on all servers; `None` for code that is not frozen.
    pub fn shared_name(dir: &Path) -> Option<&str> {
        folder_of(dir)
    }

    /// Whether code of this name is here.
    pub fn has(&self, name: &str) -> bool {
        self.folder(name).is_dir() && self.manifest_path(name).is_file()
    }

    /// A frozen folder as an archive: the same folder gives the same bytes.
    pub fn pack(&self, name: &str) -> io::Result<Vec<u8>> {
        let manifest = Manifest::read(&self.manifest_path(name))?.ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, "it has no list of its files")
        })?;
        let folder = self.folder(name);
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for entry in &manifest.entries {
            let path = entry.path.to_str().ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, "a file's name is not UTF-8")
            })?;
            match &entry.content {
                Content::File { mode, .. } => {
                    let mode = if mode & 0o111 == 0 {
                        FILE_MODE
                    } else {
                        EXECUTABLE_MODE
                    };
                    archive.start_file(path, options(mode))?;
                    io::copy(&mut File::open(folder.join(&entry.path))?, &mut archive)?;
                }
                Content::Link { target } => {
                    let target = target.to_str().ok_or_else(|| {
                        io::Error::new(io::ErrorKind::InvalidData, "a link's target is not UTF-8")
                    })?;
                    archive.add_symlink(path, target, options(0o777))?;
                }
            }
        }
        archive.flush()?;
        Ok(archive.finish()?.into_inner())
    }

    /// Unpacks an archive of [`CodeStore::pack`], unless its code is here already. The folder becomes visible whole.
    pub fn take_packed(&self, name: &str, archive: &[u8]) -> Result<(), UnpackError> {
        if self.has(name) {
            return Ok(());
        }
        let _working = self.working();
        let partial = self.partial(name);
        let placed = self
            .unpack_beside(&partial, archive, UNPACKED_BYTES_MAX)
            .and_then(|entries| self.place_or_settle(&partial, name, entries));
        self.discard(&partial);
        placed
    }
}

/// Describes the damage of an archive that servers share, by the checksums of its files. `None` when it is sound.
pub fn archive_damage(archive: &[u8]) -> Option<String> {
    let mut archive = match ZipArchive::new(Cursor::new(archive)) {
        Ok(archive) => archive,
        Err(error) => return Some(format!("it is no archive: {error}")),
    };
    for index in 0..archive.len() {
        let mut file = match archive.by_index(index) {
            Ok(file) => file,
            Err(error) => return Some(format!("file {} of it cannot be read: {error}", index + 1)),
        };
        if let Err(error) = io::copy(&mut file, &mut io::sink()) {
            return Some(format!("file {} in it is damaged: {error}", index + 1));
        }
    }
    None
}

fn options(mode: u32) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(mode)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use tokio_util::sync::CancellationToken;

    use super::*;

    fn store(folder: &Path) -> CodeStore {
        let shutdown = CancellationToken::new();
        CodeStore::open(folder.to_owned(), false, shutdown).expect("there is room")
    }

    #[test]
    fn code_is_the_same_at_another_server() {
        let folder = tempfile::tempdir().expect("there is room");
        let source = folder.path().join("source");
        fs::create_dir_all(source.join("deep")).expect("it is new");
        fs::write(source.join("bootstrap"), "#!/bin/sh\n").expect("there is room");
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(source.join("bootstrap"), executable).expect("it is ours");
        fs::write(source.join("deep/data.bin"), [0, 255, 7]).expect("there is room");
        symlink("deep/data.bin", source.join("link")).expect("it is new");
        let (one, two) = (
            store(&folder.path().join("one")),
            store(&folder.path().join("two")),
        );
        let frozen = one.freeze(&source).expect("it can be read");
        let name = CodeStore::shared_name(&frozen.dir).expect("it is frozen");
        let archive = one.pack(name).expect("it can be read");
        assert_eq!(
            archive,
            one.pack(name).expect("it can be read"),
            "the same bytes"
        );
        assert_eq!(archive_damage(&archive), None);
        // The first content is behind the first header, whose name and extra field have these lengths. Source: APPNOTE.TXT
        // of PKWARE, 4.3.7.
        let length = |at: usize| usize::from(u16::from_le_bytes([archive[at], archive[at + 1]]));
        let mut damaged = archive.clone();
        damaged[30 + length(26) + length(28) + 1] ^= 0x10;
        assert!(archive_damage(&damaged).is_some());
        assert!(archive_damage(&archive[..archive.len() - 30]).is_some());
        for _ in 0..2 {
            two.take_packed(name, &archive).expect("it is whole");
        }
        let there = two.folder(name);
        assert_eq!(
            fs::read(there.join("deep/data.bin")).expect("a file"),
            [0, 255, 7]
        );
        assert_eq!(fs::read(there.join("link")).expect("a link"), [0, 255, 7]);
        let mode = fs::metadata(there.join("bootstrap"))
            .expect("a file")
            .permissions();
        assert_eq!(mode.mode() & 0o111, 0o111 & EXECUTABLE_MODE);
        assert_eq!(two.pack(name).expect("it can be read"), archive);
        two.take_packed("0123456789abcdef0123456789abcdef", &archive[..40])
            .expect_err("half an archive");
        assert!(!two.has("0123456789abcdef0123456789abcdef"));
    }
}
