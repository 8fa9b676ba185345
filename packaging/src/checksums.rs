//! `SHA256SUMS`, which `sha256sum --check` reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

const NAME: &str = "SHA256SUMS";

/// Files that are written from the checksums.
const LATER: [&str; 2] = [NAME, crate::homebrew::NAME];

/// Writes the checksums of all files of a folder.
pub fn write(folder: &Path) -> Result<()> {
    let mut text = String::new();
    for (name, hash) in of(folder)? {
        writeln!(text, "{hash}  {name}").context("write the checksums")?;
    }
    let path = folder.join(NAME);
    fs::write(&path, text).with_context(|| format!("write `{}`", path.display()))
}

/// SHA-256 of all files of a folder, in hexadecimal, by name.
pub fn of(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut sums = BTreeMap::new();
    let entries = fs::read_dir(folder).with_context(|| format!("read `{}`", folder.display()))?;
    for entry in entries {
        let path = entry
            .with_context(|| format!("read `{}`", folder.display()))?
            .path();
        let name = path.file_name().and_then(|it| it.to_str());
        let Some(name) = name.filter(|it| path.is_file() && !LATER.contains(it)) else {
            continue;
        };
        let content = fs::read(&path).with_context(|| format!("read `{}`", path.display()))?;
        sums.insert(name.to_owned(), format!("{:x}", Sha256::digest(content)));
    }
    Ok(sums)
}
