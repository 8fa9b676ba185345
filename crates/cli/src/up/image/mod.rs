//! Functions whose code is a container image. No image is made or run: the Dockerfile names one of Lambda's runtimes,
//! the files of the code, and the packages, and these are put together as for a function whose code is a folder (ADR
//! 16). A function whose Dockerfile says anything else is left out.

mod command;
mod context;
mod error;
mod files;
mod instruction;
mod recipe;
mod words;

use std::fs;
use std::path::Path;

use stack::{FunctionResource, ImageBuild, Stack};

use super::build_dir::is_folder_name;
use error::ImageError;
use files::Files;
use recipe::Recipe;

/// Largest Dockerfile that is read.
const DOCKERFILE_BYTES_MAX: u64 = 1024 * 1024;

/// Reads the Dockerfiles of a stack's images, puts what they copy into `<data dir>/images`, and lets the functions
/// point there, with the runtime and the handler that they name.
pub fn place(stack: &mut Stack, data_dir: &Path) {
    for function in &mut stack.functions {
        let Some(image) = function.image.clone() else {
            continue;
        };
        if let Err(error) = make(function, &image, data_dir) {
            let file = image.dockerfile.display();
            function.cannot_run = Some(format!(
                "its code is a container image (`{file}`), and {error}. Container images are not run here: package it as \
                 a folder, with `PackageType: Zip`, or let the Dockerfile only copy files and install packages on \
                 `public.ecr.aws/lambda/python` or `nodejs`"
            ));
        }
    }
}

fn make(
    function: &mut FunctionResource,
    image: &ImageBuild,
    data_dir: &Path,
) -> Result<(), ImageError> {
    let recipe = Recipe::read(&text(&image.dockerfile)?, image)?;
    let id = &function.logical_id;
    if !is_folder_name(id) {
        return Err(ImageError::Whole(format!("`{id}` cannot be a logical id")));
    }
    let folder = data_dir.join("images").join(id);
    Files::new(image, &folder, data_dir)?.put(&recipe)?;
    function.code_path = folder;
    function.runtime = recipe.runtime;
    function.handler = recipe.handler;
    // Without a command that installs packages, the copied files are the whole code.
    function.skip_build = recipe.requirements.is_empty() && recipe.npm_at.is_none();
    for (name, value) in recipe.environment {
        function.environment.entry(name).or_insert(value);
    }
    Ok(())
}

fn text(dockerfile: &Path) -> Result<String, ImageError> {
    let failed = || ImageError::file("its Dockerfile cannot be read");
    let metadata = fs::metadata(dockerfile).map_err(failed())?;
    if metadata.len() > DOCKERFILE_BYTES_MAX {
        let most = DOCKERFILE_BYTES_MAX;
        return Err(ImageError::Whole(format!(
            "its Dockerfile has more than {most} bytes"
        )));
    }
    fs::read_to_string(dockerfile).map_err(failed())
}

#[cfg(test)]
mod tests;
