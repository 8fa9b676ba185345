//! `python3.*`: AWS's own runtime client from PyPI, and the other libraries of Lambda's Python image.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::interpreter::{
    Candidate, Interpreter, InterpreterVersion, NamedVersion, Places, ask, nearest,
};
use super::preparation::{Installing, PrepareRuntimeError, PreparedRuntime, RuntimeCommand, Task};
use crate::function::Debugger;
use crate::unix;

/// The packages to install, in pip's format: the runtime client, and the two libraries of Lambda's image, which
/// functions may leave out of their requirements. Source: Lambda developer guide, "Building with Python"; the durable
/// execution SDK's own README.
const REQUIREMENTS: &[&str] = &[
    "awslambdaric==4.2.2",
    "boto3>=1.43.114",
    "aws-durable-execution-sdk-python==3.0.0",
];

/// Names the folder; must be changed with the requirements.
const EDITION: &str = "1";

/// Older versions cannot run AWS's durable execution SDK.
const OLDEST: InterpreterVersion = InterpreterVersion {
    major: 3,
    minor: 11,
};

/// Lines of pip's output that an error repeats.
const OUTPUT_LINES: usize = 20;

pub(super) fn prepare(task: &Task<'_>) -> Result<PreparedRuntime, PrepareRuntimeError> {
    let found = find(task.runtime, task.wanted)?;
    let packages = task.dir.join(format!("python{}-{EDITION}", found.version));
    if !packages.is_dir() {
        match task.installing {
            Installing::Allowed => install(task, &found.program, &packages, REQUIREMENTS)?,
            Installing::Forbidden => return Err(task.not_installed()),
        }
    }
    let compiled = task.dir.join("pycache");
    let command = RuntimeCommand {
        program: found.program,
        arguments: vec!["-m".to_owned(), "awslambdaric".to_owned()],
        // The frozen code folder stays unchanged, and a second start need not compile again.
        environment: BTreeMap::from([(
            "PYTHONPYCACHEPREFIX".to_owned(),
            compiled.display().to_string(),
        )]),
        search_path: Some(("PYTHONPATH", vec![packages])),
        version: found.version,
    };
    Ok(PreparedRuntime {
        command: Arc::new(command),
        stands_in_for: (found.version != task.wanted).then_some(task.wanted),
    })
}

/// The interpreter that functions of a runtime get.
pub(super) fn find(
    runtime: &str,
    wanted: InterpreterVersion,
) -> Result<Interpreter, PrepareRuntimeError> {
    let found = nearest(wanted, candidates(), identify_supported);
    found.ok_or_else(|| PrepareRuntimeError::NoInterpreter {
        runtime: runtime.to_owned(),
        wanted: "Python 3.11 or later",
        program: "python3",
    })
}

/// The debugger, in pip's format.
const DEBUGGER: &str = "debugpy==1.8.17";

/// Names the debugger's folder; must be changed with the debugger.
const DEBUGGER_EDITION: &str = "1";

/// Installs the debugger for a prepared interpreter if that was not done yet.
pub(super) fn prepare_debugger(
    task: &Task<'_>,
    command: &RuntimeCommand,
) -> Result<(), PrepareRuntimeError> {
    let folder = debugger_folder(task.dir, command);
    if folder.is_dir() {
        return Ok(());
    }
    install(task, &command.program, &folder, &[DEBUGGER])
}

fn debugger_folder(dir: &Path, command: &RuntimeCommand) -> PathBuf {
    dir.join(format!("debugpy{}-{DEBUGGER_EDITION}", command.version))
}

/// The same command under a debugger, which has been prepared.
pub(super) fn debugged(
    dir: &Path,
    command: &RuntimeCommand,
    code_dir: &Path,
    debugger: &Debugger,
) -> RuntimeCommand {
    let mut command = command.clone();
    let listen = format!("127.0.0.1:{}", debugger.port);
    // Frozen modules have no files for breakpoints, and the debugger would warn of them. Children are not debugged:
    // they would all need the same port.
    let arguments = [
        "-X",
        "frozen_modules=off",
        "-m",
        "debugpy",
        "--listen",
        &listen,
    ];
    let more = ["--configure-subProcess", "false"];
    let waits = debugger.waits.then_some("--wait-for-client");
    let before = arguments.into_iter().chain(more).chain(waits);
    command
        .arguments
        .splice(0..0, before.map(str::to_owned))
        .for_each(drop);
    // The code is a copy. A debugger's own mappings take precedence over this; in them `.` is the copy.
    let mapping = serde_json::json!([[debugger.sources, code_dir]]);
    command.environment.extend([
        (
            "PATHS_FROM_ECLIPSE_TO_PYTHON".to_owned(),
            mapping.to_string(),
        ),
        ("PYDEVD_DISABLE_FILE_VALIDATION".to_owned(), "1".to_owned()),
    ]);
    let folder = debugger_folder(dir, &command);
    if let Some((_, folders)) = &mut command.search_path {
        folders.push(folder);
    }
    command
}

fn candidates() -> Vec<Candidate> {
    let places = Places {
        managers: &[".pyenv/versions", ".local/share/uv/python"],
        reads: |name| match name.strip_prefix("python3")? {
            "" => Some(NamedVersion::Silent),
            rest => {
                let minor = rest.strip_prefix('.')?.parse().ok()?;
                Some(NamedVersion::Version(InterpreterVersion {
                    major: 3,
                    minor,
                }))
            }
        },
    };
    places.candidates()
}

/// The interpreter behind a candidate, unless it is too old.
fn identify_supported(candidate: &PathBuf) -> Option<Interpreter> {
    identify(candidate).filter(|interpreter| interpreter.version >= OLDEST)
}

/// Asks for the path of the real program, too: the candidate may be a shim that needs its user's environment.
fn identify(candidate: &PathBuf) -> Option<Interpreter> {
    let script = "import sys; print(sys.version_info[0], sys.version_info[1], sys.executable)";
    let answer = ask(candidate, &["-c", script])?;
    let mut words = answer.splitn(3, ' ');
    let version = InterpreterVersion {
        major: words.next()?.parse().ok()?,
        minor: words.next()?.parse().ok()?,
    };
    let program = PathBuf::from(words.next()?);
    Some(Interpreter { version, program })
}

/// Installs beside the folder and moves it there, so that a broken installation is never mistaken for a complete one.
fn install(
    task: &Task<'_>,
    python: &Path,
    packages: &Path,
    requirements: &[&str],
) -> Result<(), PrepareRuntimeError> {
    let partial = packages.with_extension(format!("partial-{}", std::process::id()));
    unix::create_private_dir(&partial).map_err(task.io(&partial))?;
    let mut command = pip_install(python, &partial);
    command.args(requirements);
    let output = command.output().map_err(task.io(python))?;
    if !output.status.success() {
        // The partial installation is useless, and the output has all its information.
        let _ = fs::remove_dir_all(&partial);
        return Err(PrepareRuntimeError::Install {
            runtime: task.runtime.to_owned(),
            command: format!(
                "{} -m pip install {}",
                python.display(),
                requirements.join(" ")
            ),
            output: last_lines(&output.stderr, OUTPUT_LINES),
        });
    }
    match fs::rename(&partial, packages) {
        Ok(()) => Ok(()),
        // Another server was faster.
        Err(_) if packages.is_dir() => fs::remove_dir_all(&partial).map_err(task.io(&partial)),
        Err(cause) => Err(task.io(packages)(cause)),
    }
}

/// `pip install` into a folder, without questions.
fn pip_install(python: &Path, target: &Path) -> Command {
    let mut command = Command::new(python);
    command
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--no-compile",
        ])
        .args([
            "--disable-pip-version-check",
            "--no-warn-script-location",
            "--target",
        ])
        .arg(target)
        .stdin(Stdio::null());
    command
}

fn last_lines(bytes: &[u8], count: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
