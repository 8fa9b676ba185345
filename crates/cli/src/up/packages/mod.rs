//! How functions and layers of each language become a folder that can be deployed: their packages, and their sources.
//!
//! Packages are installed once for each set of requirements, into a folder named after it, and linked into the folder
//! of each function; a changed source costs a copy, a changed requirement an installation.

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
mod workshop;
mod workspace;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use server::{PreparedRuntime, Runtimes};

pub use archive::{is_archive, unpack};
pub use esbuild::esbuild;
pub use go::go;
pub use java::java;
pub use makefile::makefile;
pub use node::{node, node_layer};
pub use program::{clear, failed};
pub use provided::{Provided, missing, provide};
pub use python::{python, python_layer};
pub use workshop::Workshop;
use workshop::assemble;

use super::build_dir::build_dir;
use super::build_error::{BuildError, Subject};
use super::progress::Progress;

/// Finds the interpreter, and installs the runtime client if that was not done yet.
///
/// # Errors
/// No interpreter, or the client cannot be installed.
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

/// The message for a runtime whose interpreter is replaced by another version.
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

/// A folder that runs without a build: the folder itself, or a copy if the data folder lies in it.
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
