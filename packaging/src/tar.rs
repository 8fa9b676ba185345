//! The tape archive, in the form that every `tar` reads (POSIX ustar).

use anyhow::{Result, ensure};

use crate::tree::Tree;

const BLOCK: usize = 512;

/// Writes all files, and where it is asked for their folders, owned by root.
pub fn write(tree: &Tree, prefix: &str, with_folders: bool, epoch: u64) -> Result<Vec<u8>> {
    let mut archive = Vec::with_capacity(tree.bytes() + BLOCK * 64);
    if with_folders {
        for folder in tree.folders() {
            let header = Header {
                path: &format!("{prefix}{folder}/"),
                mode: 0o755,
                size: 0,
                epoch,
                kind: b'5',
            };
            archive.extend(header.bytes()?);
        }
    }
    for (path, file) in tree.files() {
        let header = Header {
            path: &format!("{prefix}{path}"),
            mode: file.mode(),
            size: file.content.len(),
            epoch,
            kind: b'0',
        };
        archive.extend(header.bytes()?);
        archive.extend(&file.content);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    // Two empty blocks are the end.
    archive.resize(archive.len() + 2 * BLOCK, 0);
    Ok(archive)
}

struct Header<'a> {
    path: &'a str,
    mode: u32,
    size: usize,
    epoch: u64,
    kind: u8,
}

impl Header<'_> {
    fn bytes(&self) -> Result<[u8; BLOCK]> {
        let mut block = [0; BLOCK];
        let (prefix, name) = split(self.path)?;
        put(&mut block, 0, name.as_bytes());
        put(&mut block, 100, format!("{:07o}", self.mode).as_bytes());
        put(&mut block, 108, b"0000000");
        put(&mut block, 116, b"0000000");
        ensure!(self.size < 1 << 33, "`{}` is too large for tar", self.path);
        put(&mut block, 124, format!("{:011o}", self.size).as_bytes());
        put(&mut block, 136, format!("{:011o}", self.epoch).as_bytes());
        block[156] = self.kind;
        put(&mut block, 257, b"ustar\0");
        put(&mut block, 263, b"00");
        put(&mut block, 265, b"root");
        put(&mut block, 297, b"root");
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

    #[test]
    fn tar_reads_what_is_written() {
        let mut tree = Tree::default();
        let long = format!("share/{}/{}", "a".repeat(80), "b".repeat(60));
        tree.add(long.clone(), "long");
        tree.add_program("bin/it", vec![7; 1000]);
        let archive = write(&tree, "./", true, 1_700_000_000).expect("it fits");
        let dir = tempfile::tempdir().expect("a temporary folder");
        let file = dir.path().join("it.tar");
        std::fs::write(&file, archive).expect("it can be written");
        let mut tar = Command::new("tar");
        tar.args(["--list", "--verbose", "--full-time", "--utc", "--file"]);
        let output = tar.arg(file).output().expect("there is a tar");
        let listed = String::from_utf8(output.stdout).expect("it is text");
        let lines: Vec<_> = listed.lines().collect();
        assert_eq!(lines.len(), 5, "{listed}");
        let starts = lines.iter().any(|line| {
            line.starts_with("-rwxr-xr-x root/root      1000 2023-11-14 22:13:20 ./bin/it")
        });
        assert!(starts, "{listed}");
        assert!(listed.contains(&long), "{listed}");
    }
}
