//! Functions and layers in Python.

use std::fs;
use std::path::{Path, PathBuf};

use owo_colors::OwoColorize;
use server::PreparedRuntime;
use tokio::process::Command;

use super::program::{Ended, Program, attempt, install, on_path, print, relative};
use super::pyproject::Project;
use super::workshop::content;
use super::{Workshop, assemble, clear, failed};
use crate::screen::note;
use crate::up::build_dir::build_dir;
use crate::up::build_error::{BuildError, Subject};

/// The packages for pip.
struct Requirements {
    /// As in a `requirements.txt`.
    text: String,
    /// Versions that were locked.
    constraints: String,
    /// As a person would name them.
    shown: String,
}

/// Assembles a Python function: its sources over the packages that its `requirements.txt` or `pyproject.toml` names.
///
/// # Errors
/// pip fails, or a file cannot be written.
pub async fn python(
    subject: &Subject,
    source: &Path,
    by_uv: bool,
    prepared: &PreparedRuntime,
    workshop: Workshop<'_>,
) -> Result<PathBuf, BuildError> {
    let target = build_dir(workshop.data_dir, &subject.name)?;
    let packages = packages(subject, source, by_uv, prepared, workshop).await?;
    assemble(&target, packages.as_deref(), source, workshop)?;
    Ok(target)
}

/// Builds a layer as SAM does: everything below `python`.
///
/// # Errors
/// As [`python`].
pub async fn python_layer(
    subject: &Subject,
    source: &Path,
    by_uv: bool,
    prepared: &PreparedRuntime,
    workshop: Workshop<'_>,
) -> Result<PathBuf, BuildError> {
    let target = build_dir(workshop.data_dir, &subject.name)?;
    let packages = packages(subject, source, by_uv, prepared, workshop).await?;
    clear(&target)?;
    assemble(
        &target.join("python"),
        packages.as_deref(),
        source,
        workshop,
    )?;
    Ok(target)
}

async fn packages(
    subject: &Subject,
    source: &Path,
    by_uv: bool,
    prepared: &PreparedRuntime,
    workshop: Workshop<'_>,
) -> Result<Option<PathBuf>, BuildError> {
    let Some(wanted) = requirements(subject, source, by_uv, workshop).await? else {
        return Ok(None);
    };
    let version = format!("python{}", prepared.command.version);
    let texts = [wanted.text.as_bytes(), wanted.constraints.as_bytes()];
    let dir = workshop.package_dir(&version, &texts);
    if dir.is_dir() {
        return Ok(Some(dir));
    }
    let list = dir.with_extension("txt");
    let constraints = dir.with_extension("constraints.txt");
    for (path, text) in [(&list, &wanted.text), (&constraints, &wanted.constraints)] {
        write(path, text)?;
    }
    let own = source.join("requirements.txt");
    let is_own = content(&own)? == wanted.text.as_bytes();
    let mut command = Command::new(&prepared.command.program);
    command
        .current_dir(source)
        .args(["-m", "pip", "install", "--quiet", "--no-input"])
        .args(["--no-compile", "--disable-pip-version-check"])
        .arg("--requirement")
        // Paths in a requirements file are relative to that file.
        .arg(if is_own { &own } else { &list });
    if !wanted.constraints.is_empty() {
        command.arg("--constraint").arg(&constraints);
    }
    command.arg("--target");
    let what = format!("installing the packages of {}", subject.shown);
    let program = Program::new(command, wanted.shown);
    install(subject, program, &dir, what, |command, partial| {
        command.arg(partial);
        Ok(())
    })
    .await?;
    Ok(Some(dir))
}

fn write(path: &Path, text: &str) -> Result<(), BuildError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed(folder))?;
    }
    fs::write(path, text).map_err(failed(path))
}

/// A folder's requirements: from `requirements.txt`, or else from its project file, by uv where it is installed.
async fn requirements(
    subject: &Subject,
    source: &Path,
    by_uv: bool,
    workshop: Workshop<'_>,
) -> Result<Option<Requirements>, BuildError> {
    let own = source.join("requirements.txt");
    let project = source.join("pyproject.toml");
    if own.is_file() && !(by_uv && project.is_file()) {
        let text = content(&own)?;
        return Ok(Some(Requirements {
            text: String::from_utf8_lossy(&text).into_owned(),
            constraints: String::new(),
            shown: format!("pip install -r {}", relative(&own)),
        }));
    }
    if !project.is_file() {
        return Ok(None);
    }
    if source.join("uv.lock").is_file()
        && on_path("uv").is_some()
        && let Some(text) = exported(subject, source, workshop).await?
    {
        return Ok(Some(Requirements {
            text,
            constraints: String::new(),
            shown: format!(
                "pip install, of what `uv export` says of {}",
                relative(&project)
            ),
        }));
    }
    let project = Project::read(source).map_err(|why| BuildError::Project {
        subject: subject.clone(),
        path: project,
        why,
    })?;
    for left_out in &project.left_out {
        note(format!("{} {subject}: {left_out}", "!".yellow()));
    }
    if project.requirements.is_empty() {
        return Ok(None);
    }
    let shown = relative(&source.join("pyproject.toml"));
    Ok(Some(Requirements {
        text: project.requirements.join("\n"),
        constraints: project.constraints.join("\n"),
        shown: format!("pip install, of the dependencies in {shown}"),
    }))
}

/// The packages that uv would install by its lock, without those for development.
async fn exported(
    subject: &Subject,
    source: &Path,
    workshop: Workshop<'_>,
) -> Result<Option<String>, BuildError> {
    let file = workshop.packages().join(format!(
        "{}.exported-{}.txt",
        subject.name,
        std::process::id()
    ));
    write(&file, "")?;
    let mut command = Command::new("uv");
    command
        // A lock is obeyed, and never written: the source is the developer's.
        .args([
            "export",
            "--frozen",
            "--quiet",
            "--no-dev",
            "--no-emit-project",
        ])
        .args(["--no-hashes", "--no-header", "--output-file"])
        .arg(&file)
        .current_dir(source);
    let shown = format!("uv export (in {})", relative(source));
    let ended = attempt(subject, Program::new(command, shown)).await?;
    let text = fs::read_to_string(&file).ok();
    let _ = fs::remove_file(&file);
    match ended {
        Ended::Well => Ok(text),
        Ended::Badly(output) => {
            print(&output);
            note(format!(
                "{} {subject}: `uv export` failed; pip installs what `pyproject.toml` names",
                "!".yellow()
            ));
            Ok(None)
        }
    }
}
