//! Programs that build functions: run to their end, named as a person would type them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::screen::note;
use crate::up::build_error::{BuildError, Subject};
use crate::up::progress::Progress;

/// Lines of a failed command that its error repeats.
const OUTPUT_LINES: usize = 30;

/// A command, and its name in error messages.
#[derive(Debug)]
pub struct Program {
    pub command: Command,
    /// As a person would type it, such as `pip install -r src/requirements.txt`.
    pub shown: String,
}

impl Program {
    pub fn new(command: Command, shown: impl Into<String>) -> Self {
        Self {
            command,
            shown: shown.into(),
        }
    }
}

/// How a program ended.
pub enum Ended {
    Well,
    /// With the lines that it wrote.
    Badly(String),
}

/// Runs a program to its end; prints its output when it fails.
///
/// # Errors
/// It cannot be run, or it fails.
pub async fn run(
    subject: &Subject,
    program: Program,
    progress: Progress,
) -> Result<(), BuildError> {
    let shown = program.shown.clone();
    match attempt(subject, program).await {
        Ok(Ended::Well) => {
            progress.done();
            Ok(())
        }
        Ok(Ended::Badly(output)) => {
            progress.failed();
            print(&output);
            Err(BuildError::Program {
                subject: subject.clone(),
                program: shown,
            })
        }
        Err(error) => {
            progress.failed();
            Err(error)
        }
    }
}

/// Runs a program to its end and leaves to the caller what a failure means.
///
/// # Errors
/// It cannot be run.
pub async fn attempt(subject: &Subject, program: Program) -> Result<Ended, BuildError> {
    let Program { mut command, shown } = program;
    let output = command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|cause| BuildError::ProgramMissing {
            subject: subject.clone(),
            program: shown,
            cause,
        })?;
    if output.status.success() {
        return Ok(Ended::Well);
    }
    let text = [output.stdout, output.stderr].concat();
    Ok(Ended::Badly(String::from_utf8_lossy(&text).into_owned()))
}

/// Prints the last lines of a failed program's output.
pub fn print(output: &str) {
    let lines: Vec<&str> = output.lines().collect();
    for line in &lines[lines.len().saturating_sub(OUTPUT_LINES)..] {
        note(crate::neutral::neutral(line));
    }
}

/// Runs an installation beside its folder and moves it there, so that a broken one is never taken for whole.
///
/// # Errors
/// As [`run`], and when a file cannot be written.
pub async fn install(
    subject: &Subject,
    mut program: Program,
    dir: &Path,
    what: String,
    aim: impl FnOnce(&mut Command, &Path) -> io::Result<()>,
) -> Result<(), BuildError> {
    let partial = dir.with_extension(format!("partial-{}", std::process::id()));
    clear(&partial)?;
    aim(&mut program.command, &partial).map_err(failed(&partial))?;
    let progress = Progress::start(what);
    let ran = run(subject, program, progress).await;
    if ran.is_err() {
        clear(&partial)?;
    }
    ran?;
    fs::create_dir_all(&partial).map_err(failed(&partial))?;
    fs::rename(&partial, dir).map_err(failed(dir))
}

/// Makes sure that a folder does not exist, and that the one above it does.
///
/// # Errors
/// The system says no.
pub fn clear(target: &Path) -> Result<(), BuildError> {
    if target.symlink_metadata().is_ok() {
        fs::remove_dir_all(target).map_err(failed(target))?;
    }
    match target.parent() {
        Some(parent) => fs::create_dir_all(parent).map_err(failed(parent)),
        None => Ok(()),
    }
}

/// An error of the file system becomes one of the build.
pub fn failed(path: &Path) -> impl FnOnce(io::Error) -> BuildError + use<> {
    let path = path.to_owned();
    move |cause| BuildError::Copy { path, cause }
}

/// A program of this name on the `PATH`.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

/// A path relative to the current folder, as a person would write it.
pub fn relative(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    match path.strip_prefix(&here) {
        Ok(below) if below.as_os_str().is_empty() => ".".to_owned(),
        Ok(below) => below.display().to_string(),
        Err(_) => path.display().to_string(),
    }
}
