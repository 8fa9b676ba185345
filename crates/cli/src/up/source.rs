//! Where a function's code comes from, and how it becomes something to start.

use std::path::PathBuf;

use stack::FunctionResource;

use super::build_error::BuildError;

/// What a `provided.*` function process is started from.
pub const BOOTSTRAP: &str = "bootstrap";

/// Where a function's code comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The folder is run as it is.
    Built(PathBuf),
    /// The folder holds a `Cargo.toml`.
    Cargo {
        /// The manifest.
        manifest: PathBuf,
        /// Which binary, where the template says it.
        binary: Option<String>,
    },
    /// A folder of Python files, with the packages of its `requirements.txt`.
    Python(PathBuf),
    /// A folder of JavaScript files, with the packages of its `package.json`.
    Node(PathBuf),
    /// As [`Source::Node`], bundled by esbuild.
    Esbuild(PathBuf),
    /// The folder holds a `Makefile` with a target `build-<logical id>`.
    Makefile(PathBuf),
}

/// Finds out how the function is built, as `sam build` does.
///
/// # Errors
/// A build method or runtime that is not supported, and a folder with nothing in it to start.
pub fn source(function: &FunctionResource) -> Result<Source, BuildError> {
    let dir = &function.code_path;
    let no_code = |wanted: &str| BuildError::NoCode {
        function: function.logical_id.clone(),
        dir: dir.clone(),
        wanted: wanted.to_owned(),
    };
    let needs = |file: &str, wanted: &str, source: Source| {
        if dir.join(file).is_file() {
            Ok(source)
        } else {
            Err(no_code(wanted))
        }
    };
    let cargo = || Source::Cargo {
        manifest: dir.join("Cargo.toml"),
        binary: binary(function),
    };
    match function.build_method.as_deref() {
        Some("rust-cargolambda") => return needs("Cargo.toml", "a `Cargo.toml`", cargo()),
        Some("esbuild") => {
            return needs(
                "package.json",
                "a `package.json`",
                Source::Esbuild(dir.clone()),
            );
        }
        Some("makefile") => {
            return needs("Makefile", "a `Makefile`", Source::Makefile(dir.clone()));
        }
        // A runtime's name is SAM's way of saying that it is built as usual.
        Some(method) if method.starts_with("python") || method.starts_with("nodejs") => {}
        None => {}
        Some(method) => {
            return Err(BuildError::Method {
                function: function.logical_id.clone(),
                method: method.to_owned(),
            });
        }
    }
    let runtime = function.runtime.as_str();
    if !dir.is_dir() {
        return Err(no_code("code: the folder does not exist"));
    }
    if runtime.starts_with("python3.") {
        return Ok(Source::Python(dir.clone()));
    }
    if runtime.starts_with("nodejs") {
        return Ok(Source::Node(dir.clone()));
    }
    if !runtime.starts_with("provided") {
        return Err(BuildError::Runtime {
            function: function.logical_id.clone(),
            runtime: function.runtime.clone(),
        });
    }
    if dir.join(BOOTSTRAP).is_file() {
        return Ok(Source::Built(dir.clone()));
    }
    if dir.join("Cargo.toml").is_file() {
        return Ok(cargo());
    }
    Err(no_code("an executable `bootstrap` or a `Cargo.toml`"))
}

/// `BuildProperties.Binary`, which SAM reads for crates with several binaries.
fn binary(function: &FunctionResource) -> Option<String> {
    let binary = function.build_properties.as_ref()?.get("Binary")?;
    binary.as_str().map(str::to_owned)
}
