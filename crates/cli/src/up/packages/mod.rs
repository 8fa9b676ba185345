//! Functions in Python and JavaScript: their packages, and the folder that is deployed.
//!
//! Packages are installed once for each set of requirements, into a folder named after it, and linked into the folder of
//! each function; a changed source costs a copy, a changed requirement an installation.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use server::{PreparedRuntime, Runtimes};
use sha2::{Digest as _, Sha256};
use stack::FunctionResource;
use tokio::process::Command;

use super::build_dir::build_dir;
use super::build_error::BuildError;
use super::progress::Progress;
use super::tree;
use crate::screen::note;

/// Lines of a failed command that its error repeats.
const OUTPUT_LINES: usize = 30;

/// Finds the interpreter, installs the runtime client if that was not done yet, and says where another version stands in.
///
/// # Errors
/// No interpreter, or nothing to be had from the package registry.
pub async fn prepare_runtime(
    runtimes: &std::sync::Arc<Runtimes>,
    function: &FunctionResource,
) -> Result<PreparedRuntime, BuildError> {
    let runtime = function.runtime.clone();
    let progress = runtimes
        .needs_installing(&runtime)
        .then(|| Progress::start(format!("preparing runtime {runtime}")));
    let runtimes = std::sync::Arc::clone(runtimes);
    let name = runtime.clone();
    let prepared = tokio::task::spawn_blocking(move || runtimes.prepare(&name)).await;
    let prepared = prepared
        .unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))
        .map_err(|cause| BuildError::PrepareRuntime {
            function: function.logical_id.clone(),
            cause,
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

/// Assembles a Python function: its sources over the packages of its `requirements.txt`.
///
/// # Errors
/// pip fails, or a file cannot be written.
pub async fn python(
    function: &FunctionResource,
    source: &Path,
    prepared: &PreparedRuntime,
    data_dir: &Path,
) -> Result<PathBuf, BuildError> {
    let target = build_dir(data_dir, &function.logical_id)?;
    let requirements = source.join("requirements.txt");
    let mut packages = None;
    if requirements.is_file() {
        let version = format!("python{}", prepared.command.version);
        let dir = package_dir(data_dir, &version, &[&requirements])?;
        if !dir.is_dir() {
            let mut command = Command::new(&prepared.command.program);
            command
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--no-input",
                    "--no-compile",
                ])
                .args(["--disable-pip-version-check", "--requirement"])
                .arg(&requirements)
                .arg("--target");
            let what = format!("installing the packages of {}", function.logical_id);
            install(function, command, &dir, what, |command, partial| {
                command.arg(partial);
                Ok(())
            })
            .await?;
        }
        packages = Some(dir);
    }
    assemble(&target, packages.as_deref(), source)?;
    Ok(target)
}

/// Assembles a JavaScript function: its sources with the packages of its `package.json`.
///
/// # Errors
/// npm fails, or a file cannot be written.
pub async fn node(
    function: &FunctionResource,
    source: &Path,
    data_dir: &Path,
) -> Result<PathBuf, BuildError> {
    let target = build_dir(data_dir, &function.logical_id)?;
    let packages = node_packages(function, source, data_dir, &["--omit=dev"]).await?;
    assemble(&target, packages.as_deref(), source)?;
    Ok(target)
}

/// Bundles a function with the esbuild of its own packages, as SAM does.
///
/// # Errors
/// npm or esbuild fails, or the package does not have esbuild.
pub async fn esbuild(
    function: &FunctionResource,
    source: &Path,
    data_dir: &Path,
) -> Result<PathBuf, BuildError> {
    let target = build_dir(data_dir, &function.logical_id)?;
    let stage = target.with_extension("stage");
    let packages = node_packages(function, source, data_dir, &[]).await?;
    assemble(&stage, packages.as_deref(), source)?;
    let program = stage.join("node_modules/.bin/esbuild");
    if !program.exists() {
        return Err(BuildError::NoEsbuild {
            function: function.logical_id.clone(),
        });
    }
    clear(&target)?;
    let mut command = Command::new(program);
    command
        .current_dir(&stage)
        .args(esbuild_arguments(function))
        .arg(format!("--outdir={}", target.display()));
    let progress = Progress::start(format!("bundling {}", function.logical_id));
    run(function, command, progress).await?;
    Ok(target)
}

/// SAM's `BuildProperties` in esbuild's words. Source: SAM developer guide, "Building Node.js Lambda functions with
/// esbuild".
fn esbuild_arguments(function: &FunctionResource) -> Vec<String> {
    let empty = Value::Null;
    let properties = function.build_properties.as_ref().unwrap_or(&empty);
    let texts = |name: &str| -> Vec<String> {
        match &properties[name] {
            Value::Array(values) => values.iter().filter_map(text).collect(),
            value => text(value).into_iter().collect(),
        }
    };
    let flag = |name: &str, default: bool| match &properties[name] {
        Value::Bool(value) => *value,
        Value::String(value) => value == "true",
        _ => default,
    };
    let mut arguments = texts("EntryPoints");
    if arguments.is_empty() {
        let module = function
            .handler
            .rsplit_once('.')
            .map_or("app", |(module, _)| module);
        arguments.push(format!("{module}.ts"));
    }
    arguments.extend(["--bundle", "--platform=node"].map(str::to_owned));
    let one = |name: &str, option: &str, default: Option<&str>| {
        let value = texts(name)
            .into_iter()
            .next()
            .or(default.map(str::to_owned));
        value.map(|value| format!("--{option}={value}"))
    };
    arguments.extend(one("Format", "format", Some("cjs")));
    arguments.extend(one("Target", "target", Some("es2022")));
    if flag("Minify", true) {
        arguments.push("--minify".to_owned());
    }
    if flag("Sourcemap", false) {
        arguments.push("--sourcemap".to_owned());
    }
    if flag("KeepNames", false) {
        arguments.push("--keep-names".to_owned());
    }
    for (name, option, separator) in [
        ("External", "external", ":"),
        ("Loader", "loader", ":"),
        ("OutExtension", "out-extension", ":"),
        ("Banner", "banner", ":"),
        ("Define", "define", ":"),
    ] {
        let values = texts(name).into_iter();
        arguments.extend(values.map(|value| format!("--{option}{separator}{value}")));
    }
    let main_fields = texts("MainFields");
    if !main_fields.is_empty() {
        arguments.push(format!("--main-fields={}", main_fields.join(",")));
    }
    arguments
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Runs `make build-<logical id>` as SAM does: in a copy of the source, which the target may change, with the source's
/// Makefile, and with `ARTIFACTS_DIR`, an empty folder that exists. Source: aws-lambda-builders, workflow `custom_make`,
/// read 2026-11.
///
/// # Errors
/// make fails, or a file cannot be copied.
pub async fn makefile(
    function: &FunctionResource,
    source: &Path,
    data_dir: &Path,
) -> Result<PathBuf, BuildError> {
    let target = build_dir(data_dir, &function.logical_id)?;
    let scratch = target.with_extension("scratch");
    for folder in [&target, &scratch] {
        clear(folder)?;
        fs::create_dir_all(folder).map_err(failed(folder))?;
    }
    let artifacts = target.canonicalize().map_err(failed(&target))?;
    let source = source.canonicalize().map_err(failed(source))?;
    tree::copy_for_make(&source, &scratch, data_dir).map_err(failed(&scratch))?;
    let mut command = Command::new("make");
    command
        .arg("--makefile")
        .arg(source.join("Makefile"))
        .arg(format!("build-{}", function.logical_id))
        .current_dir(&scratch)
        .env("ARTIFACTS_DIR", &artifacts);
    let progress = Progress::start(format!("making {}", function.logical_id));
    let made = run(function, command, progress).await;
    clear(&scratch)?;
    made.map(|()| target)
}

/// The folder with the `node_modules` of a package; none where it has no `package.json`.
async fn node_packages(
    function: &FunctionResource,
    source: &Path,
    data_dir: &Path,
    options: &'static [&'static str],
) -> Result<Option<PathBuf>, BuildError> {
    let manifest = source.join("package.json");
    if !manifest.is_file() {
        return Ok(None);
    }
    let lock = source.join("package-lock.json");
    let edition = format!("node{}", options.join(""));
    let dir = package_dir(data_dir, &edition, &[&manifest, &lock])?;
    if !dir.is_dir() {
        let mut command = Command::new("npm");
        let has_lock = lock.is_file();
        command
            .arg(if has_lock { "ci" } else { "install" })
            .args(["--no-audit", "--no-fund", "--loglevel=error"])
            .args(options);
        let files: Vec<PathBuf> = [manifest, lock, source.join(".npmrc")]
            .into_iter()
            .filter(|file| file.is_file())
            .collect();
        let what = format!("installing the packages of {}", function.logical_id);
        install(function, command, &dir, what, move |command, partial| {
            fs::create_dir_all(partial)?;
            for file in &files {
                if let Some(name) = file.file_name() {
                    fs::copy(file, partial.join(name))?;
                }
            }
            command.current_dir(partial);
            Ok(())
        })
        .await?;
    }
    Ok(Some(dir))
}

/// `<data dir>/build/.packages/<hash>`: one folder for each set of requirements.
fn package_dir(data_dir: &Path, edition: &str, files: &[&Path]) -> Result<PathBuf, BuildError> {
    let mut hasher = Sha256::new();
    hasher.update(edition.as_bytes());
    for file in files {
        match fs::read(file) {
            Ok(content) => {
                hasher.update((content.len() as u64).to_be_bytes());
                hasher.update(content);
            }
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => hasher.update([0]),
            Err(cause) => return Err(failed(file)(cause)),
        }
    }
    let name: String = hasher
        .finalize()
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(data_dir.join("build/.packages").join(name))
}

/// Runs an installation beside its folder and moves it there, so that a broken one is never taken for whole.
async fn install(
    function: &FunctionResource,
    mut command: Command,
    dir: &Path,
    what: String,
    aim: impl FnOnce(&mut Command, &Path) -> io::Result<()>,
) -> Result<(), BuildError> {
    let partial = dir.with_extension(format!("partial-{}", std::process::id()));
    clear(&partial)?;
    aim(&mut command, &partial).map_err(failed(&partial))?;
    let progress = Progress::start(what);
    run(function, command, progress).await?;
    fs::create_dir_all(&partial).map_err(failed(&partial))?;
    fs::rename(&partial, dir).map_err(failed(dir))
}

/// Runs a command to its end; what it says is part of the error when it fails.
async fn run(
    function: &FunctionResource,
    mut command: Command,
    progress: Progress,
) -> Result<(), BuildError> {
    let shown = format!("{:?}", command.as_std().get_program()).replace('"', "");
    let output = command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await;
    let output = match output {
        Ok(output) => output,
        Err(cause) => {
            progress.failed();
            return Err(BuildError::ProgramMissing {
                function: function.logical_id.clone(),
                program: shown,
                cause,
            });
        }
    };
    if output.status.success() {
        progress.done();
        return Ok(());
    }
    progress.failed();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    for line in &lines[lines.len().saturating_sub(OUTPUT_LINES)..] {
        note(crate::neutral::neutral(line));
    }
    Err(BuildError::Program {
        function: function.logical_id.clone(),
        program: shown,
    })
}

/// Puts packages and sources into a fresh folder.
fn assemble(target: &Path, packages: Option<&Path>, source: &Path) -> Result<(), BuildError> {
    clear(target)?;
    if let Some(packages) = packages {
        tree::link(packages, target).map_err(failed(target))?;
    }
    tree::copy(source, target).map_err(failed(target))
}

/// Makes a folder anew, or at least makes sure that it does not exist.
fn clear(target: &Path) -> Result<(), BuildError> {
    if target.exists() {
        fs::remove_dir_all(target).map_err(failed(target))?;
    }
    match target.parent() {
        Some(parent) => fs::create_dir_all(parent).map_err(failed(parent)),
        None => Ok(()),
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> BuildError + use<> {
    let path = path.to_owned();
    move |cause| BuildError::Copy { path, cause }
}
