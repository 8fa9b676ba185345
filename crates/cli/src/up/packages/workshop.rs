//! The place of a stack's builds, and their common steps.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use server::Runtimes;
use sha2::{Digest as _, Sha256};

use super::program::{clear, failed};
use crate::up::build_error::BuildError;
use crate::up::tree;

/// The settings that all builds of a stack share.
#[derive(Debug, Clone, Copy)]
pub struct Workshop<'a> {
    /// The folder of all builds.
    pub data_dir: &'a Path,
    /// The template's folder, absolute.
    pub project: &'a Path,
    pub runtimes: &'a Arc<Runtimes>,
}

impl Workshop<'_> {
    /// How far up packages are looked for: to the folder under version control that the template is in, else to the
    /// template's own.
    pub fn top(&self) -> &Path {
        self.project
            .ancestors()
            .find(|folder| folder.join(".git").exists())
            .unwrap_or(self.project)
    }

    /// A folder and those above it, as far up as packages are looked for.
    pub fn upwards<'p>(&self, folder: &'p Path) -> impl Iterator<Item = &'p Path> {
        let top = self.top().to_owned();
        let within = folder.starts_with(&top);
        folder
            .ancestors()
            .enumerate()
            .take_while(move |(steps, it)| *steps == 0 || (within && it.starts_with(&top)))
            .map(|(_, it)| it)
    }

    /// `<data dir>/build/.packages/<hash>`: one folder for each set of requirements.
    pub(super) fn package_dir(&self, edition: &str, texts: &[&[u8]]) -> PathBuf {
        let mut hasher = Sha256::new();
        hasher.update(edition.as_bytes());
        for text in texts {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text);
        }
        self.packages().join(hex(hasher))
    }

    pub(super) fn packages(&self) -> PathBuf {
        self.data_dir.join("build/.packages")
    }
}

pub(super) fn hex(hasher: Sha256) -> String {
    let digest = hasher.finalize();
    let bytes = digest.iter().take(12);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// The content of a file; nothing where there is none.
pub(super) fn content(path: &Path) -> Result<Vec<u8>, BuildError> {
    match fs::read(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(|cause| BuildError::Read {
            path: path.to_owned(),
            cause,
        }),
    }
}

/// Puts packages and sources into a fresh folder.
pub(super) fn assemble(
    target: &Path,
    packages: Option<&Path>,
    source: &Path,
    workshop: Workshop<'_>,
) -> Result<(), BuildError> {
    clear(target)?;
    if let Some(packages) = packages {
        tree::link(packages, target).map_err(failed(target))?;
    }
    tree::copy(source, target, workshop.data_dir).map_err(failed(target))
}
