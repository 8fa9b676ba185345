//! How functions and layers of each language become a folder that can be deployed: their packages, and their sources.
//!
//! Packages are installed once for each set of requirements, into a folder named after it, and linked into the folder of
//! each function; a changed source costs a copy, a changed requirement an installation.

mod archive;
mod esbuild;
mod go;
mod java;
mod makefile;
mod node;
mod npm;
mod program;
mod provided;
mod pyproject;
mod python;
mod workspace;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use server::{PreparedRuntime, Runtimes};
use sha2::{Digest as _, Sha256};

pub use archive::{is_archive, unpack};
pub use esbuild::esbuild;
pub use go::go;
pub use java::java;
pub use makefile::makefile;
pub use node::{node, node_layer};
pub use program::{clear, failed};
pub use provided::{Provided, missing, provide};
pub use python::{python, python_layer};

use super::build_dir::build_dir;
use super::build_error::{BuildError, Subject};
use super::progress::Progress;
use super::tree;

/// What all builds of a stack have in common.
#[derive(Debug, Clone, Copy)]
pub struct Workshop<'a> {
    /// Where everything that is built lies.
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
    fn package_dir(&self, edition: &str, texts: &[&[u8]]) -> PathBuf {
        let mut hasher = Sha256::new();
        hasher.update(edition.as_bytes());
        for text in texts {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text);
        }
        self.packages().join(hex(hasher))
    }

    fn packages(&self) -> PathBuf {
        self.data_dir.join("build/.packages")
    }
}

fn hex(hasher: Sha256) -> String {
    let digest = hasher.finalize();
    let bytes = digest.iter().take(12);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// The content of a file; nothing where there is none.
fn content(path: &Path) -> Result<Vec<u8>, BuildError> {
    match fs::read(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(|cause| BuildError::Read {
            path: path.to_owned(),
            cause,
        }),
    }
}

/// Finds the interpreter, and installs the runtime client if that was not done yet.
///
/// # Errors
/// No interpreter, or nothing to be had from the package registry.
pub async fn prepare_runtime(
    runtimes: &Arc<Runtimes>,
    subject: &Subject,
    runtime: &str,
) -> Result<PreparedRuntime, BuildError> {
    let progress = runtimes
        .needs_installing(runtime)
        .then(|| Progress::start(format!("preparing runtime {runtime}")));
    let (runtimes, name) = (Arc::clone(runtimes), runtime.to_owned());
    let prepared = tokio::task::spawn_blocking(move || runtimes.prepare(&name)).await;
    let prepared = prepared
        .unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))
        .map_err(|cause| BuildError::PrepareRuntime {
            subject: subject.clone(),
            cause: Box::new(cause),
        });
    match (progress, &prepared) {
        (Some(progress), Ok(_)) => progress.done(),
        (Some(progress), Err(_)) => progress.failed(),
        (None, _) => {}
    }
    prepared
}

/// What is said where another version of an interpreter stands in, once for each runtime.
pub fn stand_in(runtime: &str, prepared: &PreparedRuntime) -> Option<String> {
    let wanted = prepared.stands_in_for?;
    let language = if runtime.starts_with("python") {
        "Python"
    } else {
        "Node.js"
    };
    Some(format!(
        "{language} {wanted} is not installed: {language} {} runs the functions of `{runtime}`",
        prepared.command.version
    ))
}

/// A folder that is run as it is: itself, unless what is built and kept lies in it.
///
/// # Errors
/// A file cannot be read or written.
pub fn as_it_is(
    subject: &Subject,
    folder: &Path,
    workshop: Workshop<'_>,
) -> Result<PathBuf, BuildError> {
    if !workshop.data_dir.starts_with(folder) {
        return Ok(folder.to_owned());
    }
    let target = build_dir(workshop.data_dir, &subject.name)?;
    assemble(&target, None, folder, workshop)?;
    Ok(target)
}

/// Puts packages and sources into a fresh folder.
fn assemble(
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
