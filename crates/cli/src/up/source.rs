//! Where a function's code comes from, and how it becomes something to start.

use std::path::{Path, PathBuf};

use stack::FunctionResource;

use super::build_error::{BuildError, Subject};
use super::packages::is_archive;

/// The program that starts a `provided.*` function process.
pub const BOOTSTRAP: &str = "bootstrap";

/// Where a function's code comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The folder is run as it is.
    Built(PathBuf),
    /// A zip or jar file, run as it is once it is unpacked.
    Archive(PathBuf),
    /// The folder holds a `Cargo.toml`.
    Cargo {
        /// The manifest.
        manifest: PathBuf,
        /// Which binary, where the template says it.
        binary: Option<String>,
    },
    /// A folder of Python files, with the packages of its `requirements.txt` or `pyproject.toml`.
    Python {
        dir: PathBuf,
        /// Whether `pyproject.toml` counts before `requirements.txt`.
        by_uv: bool,
    },
    /// A folder of JavaScript files, with the packages of its `package.json`.
    Node(PathBuf),
    /// As [`Source::Node`], bundled by esbuild.
    Esbuild(PathBuf),
    /// The folder holds a `Makefile` with a target `build-<logical id>`.
    Makefile(PathBuf),
    /// A folder with a main package in Go.
    Go(PathBuf),
}

/// Where `sam build` writes, beside the template that it reads.
pub const SAM_BUILD_DIR: &str = ".aws-sam/build";

/// Whether a template is one that `sam build` wrote: its code has been built.
pub fn is_built_by_sam(template: &Path) -> bool {
    let folder = template.parent().map(std::path::absolute);
    folder.is_some_and(|it| it.is_ok_and(|it| it.ends_with(SAM_BUILD_DIR)))
}

/// Finds out how the function is built, as `sam build` does.
///
/// # Errors
/// A build method or runtime that is not supported, and a folder with nothing in it to start.
pub fn source(function: &FunctionResource, is_built: bool) -> Result<Source, BuildError> {
    let dir = &function.code_path;
    let runtime = function.runtime.as_str();
    let subject = || Subject::function(function);
    if let Some(why) = &function.cannot_run {
        return Err(BuildError::NoLocalCode {
            subject: subject(),
            why: why.clone(),
        });
    }
    check_runtime(function)?;
    if dir.is_file() && is_archive(dir) {
        return Ok(Source::Archive(dir.clone()));
    }
    if !dir.is_dir() {
        return Err(BuildError::NoFolder {
            subject: subject(),
            dir: dir.clone(),
            property: "CodeUri",
        });
    }
    if is_built || function.skip_build || is_asset_with_packages(function) {
        return Ok(Source::Built(dir.clone()));
    }
    let needs = |file: &str, source: Source| {
        if dir.join(file).is_file() {
            return Ok(source);
        }
        Err(BuildError::NoCode {
            subject: subject(),
            dir: dir.clone(),
            wanted: format!("a `{file}`"),
        })
    };
    let cargo = || Source::Cargo {
        manifest: dir.join("Cargo.toml"),
        binary: binary(function),
    };
    match function.build_method.as_deref() {
        Some("rust-cargolambda") => return needs("Cargo.toml", cargo()),
        Some("esbuild") => return Ok(Source::Esbuild(dir.clone())),
        Some("makefile") => return needs("Makefile", Source::Makefile(dir.clone())),
        Some("go1.x") => return Ok(Source::Go(dir.clone())),
        Some("python-uv") => {
            return Ok(Source::Python {
                dir: dir.clone(),
                by_uv: true,
            });
        }
        // In SAM, a runtime's name means the usual build.
        Some(method) if is_runtime(method) => {}
        None => {}
        Some(method) => {
            return Err(BuildError::Method {
                subject: subject(),
                method: method.to_owned(),
            });
        }
    }
    if runtime.starts_with("python3.") {
        return Ok(Source::Python {
            dir: dir.clone(),
            by_uv: false,
        });
    }
    if runtime.starts_with("nodejs") {
        return Ok(Source::Node(dir.clone()));
    }
    let is_java = runtime.starts_with("java");
    if is_java || dir.join(BOOTSTRAP).is_file() {
        return Ok(Source::Built(dir.clone()));
    }
    if dir.join("Cargo.toml").is_file() {
        return Ok(cargo());
    }
    if runtime == "go1.x" || dir.join("go.mod").is_file() {
        return Ok(Source::Go(dir.clone()));
    }
    Err(BuildError::NoCode {
        subject: subject(),
        dir: dir.clone(),
        wanted: "an executable `bootstrap`, a `Cargo.toml` or a `go.mod`".to_owned(),
    })
}

fn is_runtime(method: &str) -> bool {
    ["python3.", "nodejs", "java", "provided"]
        .iter()
        .any(|family| method.starts_with(family))
}

fn check_runtime(function: &FunctionResource) -> Result<(), BuildError> {
    let runtime = function.runtime.as_str();
    if is_runtime(runtime) || runtime == "go1.x" {
        return Ok(());
    }
    let help = match runtime {
        it if it.starts_with("dotnet") => {
            "publish it for `provided.al2023`, with an executable called `bootstrap` (`dotnet publish --self-contained`, or \
             native AOT with `Amazon.Lambda.RuntimeSupport`)"
        }
        it if it.starts_with("ruby") => {
            "bring Ruby and `aws_lambda_ric` with a script called `bootstrap`, and use `provided.al2023`"
        }
        _ => {
            "`python3.*` and `nodejs*` run on this machine's interpreters, `java*` with the project's runtime interface \
             client, and `provided.al2023` runs any executable `bootstrap`"
        }
    };
    Err(BuildError::Runtime {
        function: function.shown().to_owned(),
        runtime: function.runtime.clone(),
        help: help.to_owned(),
    })
}

/// Whether it is an asset of CDK's that holds its packages already, as it would be deployed.
fn is_asset_with_packages(function: &FunctionResource) -> bool {
    let dir = &function.code_path;
    let name = dir.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with("asset."))
        && function.runtime.starts_with("nodejs")
        && dir.join("node_modules").is_dir()
}

/// `BuildProperties.Binary`, which SAM reads for crates with several binaries.
fn binary(function: &FunctionResource) -> Option<String> {
    let binary = function.build_properties.as_ref()?.get("Binary")?;
    binary.as_str().map(str::to_owned)
}
