//! Layers: here, the files for `/opt` are in a folder of the function's own code.
//!
//! The folder is frozen and compared with the code, so that a changed layer is a new version, as on AWS.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use stack::{FunctionResource, LayerResource};

use super::build_dir::build_dir;
use super::build_error::{BuildError, Subject};
use super::packages::{self, Workshop};
use super::tree;

/// The folder, which function processes get in the place of `/opt`.
const FOLDER: &str = server::LAYERS_FOLDER;

/// The layers of a stack, each built once.
pub struct Layers<'a> {
    workshop: Workshop<'a>,
    layers: &'a [LayerResource],
    /// Whether `sam build` has built them already.
    is_built: bool,
    /// Whether only earlier builds may be used.
    no_build: bool,
    /// By their ARNs.
    built: BTreeMap<String, PathBuf>,
}

impl<'a> Layers<'a> {
    pub fn new(
        workshop: Workshop<'a>,
        layers: &'a [LayerResource],
        is_built: bool,
        no_build: bool,
    ) -> Self {
        Self {
            workshop,
            layers,
            is_built,
            no_build,
            built: BTreeMap::new(),
        }
    }

    /// Merges a function's layers into its code; of a file in several layers the last one counts. Returns the folder to
    /// deploy.
    ///
    /// # Errors
    /// A layer cannot be built, or a file cannot be read or written.
    pub async fn add(
        &mut self,
        function: &FunctionResource,
        artifact: &Path,
    ) -> Result<PathBuf, BuildError> {
        let mut folders = Vec::new();
        for arn in &function.layers {
            // Loading the template has said why a layer is missing.
            if let Some(layer) = self.layers.iter().find(|layer| layer.arn == *arn) {
                folders.push(self.folder(layer, function).await?);
            }
        }
        merge(function, artifact, &folders, self.workshop.data_dir)
    }

    async fn folder(
        &mut self,
        layer: &LayerResource,
        function: &FunctionResource,
    ) -> Result<PathBuf, BuildError> {
        if let Some(built) = self.built.get(&layer.arn) {
            return Ok(built.clone());
        }
        let folder = self.build(layer, function).await?;
        self.built.insert(layer.arn.clone(), folder.clone());
        Ok(folder)
    }

    async fn build(
        &self,
        layer: &LayerResource,
        function: &FunctionResource,
    ) -> Result<PathBuf, BuildError> {
        let (subject, source) = (Subject::layer(&layer.logical_id), &layer.path);
        let workshop = self.workshop;
        if let Some(why) = &layer.cannot_use {
            let why = why.clone();
            return Err(BuildError::NotFetched { subject, why });
        }
        if source.is_file() && packages::is_archive(source) {
            return packages::unpack(&subject, source, workshop);
        }
        if !source.is_dir() {
            return Err(BuildError::NoFolder {
                subject,
                dir: source.clone(),
                property: "ContentUri",
            });
        }
        let Some(method) = layer.build_method.as_deref().filter(|_| !self.is_built) else {
            return Ok(source.clone());
        };
        if self.no_build {
            let path = build_dir(workshop.data_dir, &layer.logical_id)?;
            if path.is_dir() {
                return Ok(path);
            }
            return Err(BuildError::NotBuilt { subject, path });
        }
        match method {
            "makefile" => packages::makefile(&subject, source, workshop).await,
            method if method.starts_with("nodejs") => {
                packages::node_layer(&subject, source, workshop).await
            }
            method if method.starts_with("python") => {
                let by_uv = method == "python-uv";
                // The layer is built with the interpreter that runs it, if possible.
                let runtime = [function.runtime.as_str(), method]
                    .into_iter()
                    .find(|it| it.starts_with("python3."));
                let runtime = runtime.unwrap_or("python3.13");
                let runtimes = workshop.runtimes;
                let prepared = packages::prepare_runtime(runtimes, &subject, runtime).await?;
                packages::python_layer(&subject, source, by_uv, &prepared, workshop).await
            }
            method => Err(BuildError::Method {
                subject,
                method: method.to_owned(),
            }),
        }
    }
}

fn merge(
    function: &FunctionResource,
    artifact: &Path,
    layers: &[PathBuf],
    data_dir: &Path,
) -> Result<PathBuf, BuildError> {
    let target = build_dir(data_dir, &function.logical_id)?;
    if artifact != target {
        // The folder is the user's own: nothing is added there.
        packages::clear(&target)?;
        tree::link(artifact, &target).map_err(packages::failed(&target))?;
    }
    let merged = target.join(FOLDER);
    packages::clear(&merged)?;
    for layer in layers {
        tree::link(layer, &merged).map_err(packages::failed(layer))?;
    }
    Ok(target)
}
