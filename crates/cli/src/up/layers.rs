//! Layers: what a template puts into `/opt` lies in a folder of the function's own code here.
//!
//! It is frozen and compared with the code, so that a changed layer is a new version, as on AWS.

use std::fs;
use std::path::{Path, PathBuf};

use stack::FunctionResource;

use super::build_dir::build_dir;
use super::build_error::BuildError;
use super::tree;

/// The folder, which function processes get in the place of `/opt`.
const FOLDER: &str = server::LAYERS_FOLDER;

/// Merges a function's layers into its code; of a file in several layers the last one counts. Returns the folder to deploy.
///
/// # Errors
/// A file cannot be read or written.
pub fn add(
    function: &FunctionResource,
    artifact: &Path,
    data_dir: &Path,
) -> Result<PathBuf, BuildError> {
    let target = build_dir(data_dir, &function.logical_id)?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |cause| BuildError::Copy { path, cause }
    };
    if artifact != target {
        // The folder is the user's own: nothing is added there.
        if target.exists() {
            fs::remove_dir_all(&target).map_err(failed(&target))?;
        }
        tree::link(artifact, &target).map_err(failed(&target))?;
    }
    let merged = target.join(FOLDER);
    if merged.exists() {
        fs::remove_dir_all(&merged).map_err(failed(&merged))?;
    }
    for layer in &function.layers {
        tree::link(layer, &merged).map_err(failed(layer))?;
    }
    Ok(target)
}
