//! Where a function's code comes from: built already, or a Rust crate.

use std::path::PathBuf;

use stack::FunctionResource;

use super::build::BuildError;

/// What a function process is started from.
pub const BOOTSTRAP: &str = "bootstrap";

/// Where a function's code comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The folder holds a `bootstrap`.
    Built(PathBuf),
    /// The folder holds a `Cargo.toml`.
    Cargo {
        /// The manifest.
        manifest: PathBuf,
        /// Which binary, where the template says it.
        binary: Option<String>,
    },
}

/// Finds out how the function is built, as `sam build` does.
///
/// # Errors
/// A build method or runtime that is not supported, and a folder with nothing in it to start.
pub fn source(function: &FunctionResource) -> Result<Source, BuildError> {
    let name = || function.logical_id.clone();
    let manifest = function.code_path.join("Cargo.toml");
    let cargo = |manifest| Source::Cargo {
        manifest,
        binary: binary(function),
    };
    match function.build_method.as_deref() {
        Some("rust-cargolambda") => {
            return if manifest.is_file() {
                Ok(cargo(manifest))
            } else {
                Err(BuildError::NoCode {
                    function: name(),
                    dir: function.code_path.clone(),
                    wanted: "a `Cargo.toml`".to_owned(),
                })
            };
        }
        None => {}
        Some(method) => {
            return Err(BuildError::Method {
                function: name(),
                method: method.to_owned(),
            });
        }
    }
    if !function.runtime.starts_with("provided") {
        return Err(BuildError::Runtime {
            function: name(),
            runtime: function.runtime.clone(),
        });
    }
    if function.code_path.join(BOOTSTRAP).is_file() {
        return Ok(Source::Built(function.code_path.clone()));
    }
    if manifest.is_file() {
        return Ok(cargo(manifest));
    }
    Err(BuildError::NoCode {
        function: name(),
        dir: function.code_path.clone(),
        wanted: "an executable `bootstrap` or a `Cargo.toml`".to_owned(),
    })
}

/// `BuildProperties.Binary`, which SAM reads for crates with several binaries.
fn binary(function: &FunctionResource) -> Option<String> {
    let binary = function.build_properties.as_ref()?.get("Binary")?;
    binary.as_str().map(str::to_owned)
}
