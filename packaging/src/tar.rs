//! The tape archive, in the form that every `tar` reads (POSIX ustar).

use anyhow::{Result, ensure};

use crate::tree::{File, Tree};

const BLOCK: usize = 512;

/// Writes all files, and where it is asked for their folders, owned by root.
pub fn write(tree: &Tree, prefix: &str, with_folders: bool, epoch: u64) -> Result<Vec<u8>> {
    let mut archive = Archive::new(epoch);
    if with_folders {
        for folder in tree.folders() {
            archive.folder(&format!("{prefix}{folder}"), 0o755, ROOT)?;
        }
    }
    for (path, file) in tree.files() {
        archive.file(&format!("{prefix}{path}"), file)?;
    }
    Ok(archive.finish())
}

/// The user and group that own everything in an installed system.
pub const ROOT: u32 = 0;

/// An archive that is being written.
pub struct Archive {
    bytes: Vec<u8>,
    epoch: u64,
}

impl Archive {
    pub fn new(epoch: u64) -> Self {
        Self {
            bytes: Vec::new(),
            epoch,
        }
    }

    /// Adds a folder; `owner` is the number of both its user and its group.
    pub fn folder(&mut self, path: &str, mode: u32, owner: u32) -> Result<()> {
        let path = format!("{path}/");
        self.header(&Header {
            mode,
            owner,
            kind: b'5',
            ..Header::of(&path)
        })
    }

    /// Adds a file that root owns.
    pub fn file(&mut self, path: &str, file: &File) -> Result<()> {
        self.header(&Header {
            mode: file.mode(),
            size: file.content.len(),
            ..Header::of(path)
        })?;
        self.bytes.extend(&file.content);
        self.bytes
            .resize(self.bytes.len().next_multiple_of(BLOCK), 0);
        Ok(())
    }

    /// Adds another name of a program that is in the archive already.
    pub fn hard_link(&mut self, path: &str, program: &str) -> Result<()> {
        self.header(&Header {
            mode: 0o755,
            kind: b'1',
            link: program,
            ..Header::of(path)
        })
    }

    /// The whole archive.
    pub fn finish(mut self) -> Vec<u8> {
        // Two empty blocks are the end.
        self.bytes.resize(self.bytes.len() + 2 * BLOCK, 0);
        self.bytes
    }

    fn header(&mut self, header: &Header<'_>) -> Result<()> {
        self.bytes.extend(header.bytes(self.epoch)?);
        Ok(())
    }
}

struct Header<'a> {
    path: &'a str,
    mode: u32,
    owner: u32,
    size: usize,
    kind: u8,
    link: &'a str,
}

impl<'a> Header<'a> {
    /// That of an empty file of root's.
    fn of(path: &'a str) -> Self {
        Self {
            path,
            mode: 0o644,
            owner: ROOT,
            size: 0,
            kind: b'0',
            link: "",
        }
    }

    fn bytes(&self, epoch: u64) -> Result<[u8; BLOCK]> {
        let mut block = [0; BLOCK];
        let (prefix, name) = split(self.path)?;
        put(&mut block, 0, name.as_bytes());
        put(&mut block, 100, format!("{:07o}", self.mode).as_bytes());
        let owner = format!("{:07o}", self.owner);
        put(&mut block, 108, owner.as_bytes());
        put(&mut block, 116, owner.as_bytes());
        ensure!(self.size < 1 << 33, "`{}` is too large for tar", self.path);
        put(&mut block, 124, format!("{:011o}", self.size).as_bytes());
        put(&mut block, 136, format!("{:011o}", epoch).as_bytes());
        block[156] = self.kind;
        ensure!(
            self.link.len() <= 100,
            "`{}` is too long for tar",
            self.link
        );
        put(&mut block, 157, self.link.as_bytes());
        put(&mut block, 257, b"ustar\0");
        put(&mut block, 263, b"00");
        if self.owner == ROOT {
            put(&mut block, 265, b"root");
            put(&mut block, 297, b"root");
        }
        put(&mut block, 345, prefix.as_bytes());
        // The sum is taken with blanks in its own place.
        put(&mut block, 148, b"        ");
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        put(&mut block, 148, format!("{sum:06o}\0 ").as_bytes());
        Ok(block)
    }
}

fn put(block: &mut [u8; BLOCK], at: usize, bytes: &[u8]) {
    block[at..at + bytes.len()].copy_from_slice(bytes);
}

/// A path in two parts, since a name has 100 bytes.
fn split(path: &str) -> Result<(&str, &str)> {
    if path.len() <= 100 {
        return Ok(("", path));
    }
    let places = path.match_indices('/');
    let fitting = places
        .map(|(at, _)| (&path[..at], &path[at + 1..]))
        .find(|(prefix, name)| prefix.len() <= 155 && name.len() <= 100 && !name.is_empty());
    fitting.ok_or_else(|| anyhow::anyhow!("the path `{path}` is too long for tar"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn listed(archive: Vec<u8>) -> String {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let file = dir.path().join("it.tar");
        std::fs::write(&file, archive).expect("it can be written");
        let mut tar = Command::new("tar");
        tar.args([
            "--list",
            "--verbose",
            "--full-time",
            "--utc",
            "--numeric-owner",
            "--file",
        ]);
        let output = tar.arg(file).output().expect("there is a tar");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("it is text")
    }

    #[test]
    fn folders_have_owners_and_programs_have_other_names() {
        let program = File {
            content: vec![7; 1000],
            is_executable: true,
        };
        let mut archive = Archive::new(0);
        archive.folder("tmp", 0o1777, ROOT).expect("it fits");
        archive.folder("data", 0o700, 1000).expect("it fits");
        archive.file("bin/it", &program).expect("it fits");
        archive.hard_link("bin/sh", "bin/it").expect("it fits");
        let listed = listed(archive.finish());
        for line in [
            "drwxrwxrwt 0/0               0 1970-01-01 00:00:00 tmp/",
            "drwx------ 1000/1000         0 1970-01-01 00:00:00 data/",
            "-rwxr-xr-x 0/0            1000 1970-01-01 00:00:00 bin/it",
            "hrwxr-xr-x 0/0               0 1970-01-01 00:00:00 bin/sh link to bin/it",
        ] {
            assert!(listed.lines().any(|it| it == line), "{line}\n{listed}");
        }
    }

    #[test]
    fn tar_reads_what_is_written() {
        let mut tree = Tree::default();
        let long = format!("share/{}/{}", "a".repeat(80), "b".repeat(60));
        tree.add(long.clone(), "long");
        tree.add_program("bin/it", vec![7; 1000]);
        let archive = write(&tree, "./", true, 1_700_000_000).expect("it fits");
        let listed = listed(archive);
        let lines: Vec<_> = listed.lines().collect();
        assert_eq!(lines.len(), 5, "{listed}");
        let starts = lines.iter().any(|line| {
            line.starts_with("-rwxr-xr-x 0/0            1000 2023-11-14 22:13:20 ./bin/it")
        });
        assert!(starts, "{listed}");
        assert!(listed.contains(&long), "{listed}");
    }
}
