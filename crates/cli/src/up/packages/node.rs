//! Functions and layers in JavaScript.

use std::fs;
use std::path::{Path, PathBuf};

use super::npm::{Installed, Wanted, npm};
use super::{Workshop, clear, failed};
use crate::up::build_dir::build_dir;
use crate::up::build_error::{BuildError, Subject};
use crate::up::tree;

/// Assembles a JavaScript function: its sources with the packages of its `package.json`.
///
/// # Errors
/// npm fails, or a file cannot be written.
pub async fn node(
    subject: &Subject,
    source: &Path,
    workshop: Workshop<'_>,
) -> Result<PathBuf, BuildError> {
    let target = build_dir(workshop.data_dir, &subject.name)?;
    let installed = npm(subject, source, Wanted::Run, workshop).await?;
    clear(&target)?;
    put(installed.as_ref(), source, &target, workshop)?;
    Ok(target)
}

/// Builds a layer as SAM does: everything below `nodejs`.
///
/// # Errors
/// As [`node`].
pub async fn node_layer(
    subject: &Subject,
    source: &Path,
    workshop: Workshop<'_>,
) -> Result<PathBuf, BuildError> {
    let target = build_dir(workshop.data_dir, &subject.name)?;
    let installed = npm(subject, source, Wanted::Run, workshop).await?;
    clear(&target)?;
    put(installed.as_ref(), source, &target.join("nodejs"), workshop)?;
    Ok(target)
}

fn put(
    installed: Option<&Installed>,
    source: &Path,
    target: &Path,
    workshop: Workshop<'_>,
) -> Result<(), BuildError> {
    fs::create_dir_all(target).map_err(failed(target))?;
    // In reverse: later ones replace packages of earlier ones.
    for modules in installed
        .iter()
        .flat_map(|it| it.modules.iter().rev())
        .filter(|it| it.is_dir())
    {
        tree::link_packages(modules, &target.join("node_modules")).map_err(failed(modules))?;
    }
    let source = installed
        .and_then(|it| it.source.as_deref())
        .unwrap_or(source);
    tree::copy(source, target, workshop.data_dir).map_err(failed(target))
}
