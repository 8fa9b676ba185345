//! What is started for a function, and what can stand in the way.
//!
//! One strategy per family of runtimes: `provided.*` runs the executable `bootstrap` of the code directory.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::executable::{self, ExecutableProblem};
use crate::function::FunctionConfig;

/// Says why no function process could be started, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The runtime is none that this host runs.
    #[error(
        "runtime `{runtime}` is not supported: use `provided.al2023` with an executable named `bootstrap` in the code directory"
    )]
    UnsupportedRuntime {
        /// The runtime's identifier.
        runtime: String,
    },
    /// There is nothing at the executable's path.
    #[error("no file `{}`: runtime `{runtime}` starts the executable `bootstrap` in the code directory; build the function, or correct its `CodeUri`", .path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
        /// The runtime's identifier.
        runtime: String,
    },
    /// It is there, but no executable file.
    #[error("`{}` is not executable: run `chmod +x` on it", .path.display())]
    NotExecutable {
        /// The file.
        path: PathBuf,
    },
    /// It is executable by its mode, but not by its content.
    #[error("`{}` cannot run on this machine", .path.display())]
    Unrunnable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: ExecutableProblem,
    },
    /// The operating system refused a resource.
    #[error("{attempt} for `{}`", .path.display())]
    System {
        /// What was attempted.
        attempt: &'static str,
        /// The file that was to run.
        path: PathBuf,
        /// The system's answer.
        #[source]
        cause: io::Error,
    },
}

/// A program to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LaunchCommand {
    /// The executable `bootstrap` of the code directory, without arguments.
    Bootstrap { path: PathBuf },
}

impl LaunchCommand {
    /// Decides what runs a function.
    pub(crate) fn of(function: &FunctionConfig) -> Result<LaunchCommand, LaunchError> {
        if function.runtime == "provided" || function.runtime.starts_with("provided.") {
            let path = function.code_dir.join("bootstrap");
            return Ok(LaunchCommand::Bootstrap { path });
        }
        Err(LaunchError::UnsupportedRuntime {
            runtime: function.runtime.clone(),
        })
    }

    /// Returns the program's path.
    pub(crate) fn program(&self) -> &Path {
        match self {
            LaunchCommand::Bootstrap { path } => path,
        }
    }

    /// Looks at the program before it is started, because the system's own errors would not say what is wrong: a missing
    /// script interpreter, for one, is reported as if the script were missing, and a binary for another architecture is
    /// run through the shell by libc.
    pub(crate) fn check(&self, runtime: &str) -> Result<(), LaunchError> {
        let path = self.program();
        let system = |attempt, cause| LaunchError::System {
            attempt,
            path: path.to_owned(),
            cause,
        };
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(cause)
                if matches!(
                    cause.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Err(LaunchError::Missing {
                    path: path.to_owned(),
                    runtime: runtime.to_owned(),
                });
            }
            Err(cause) => return Err(system("look for the executable", cause)),
        };
        if !metadata.is_file() || !crate::unix::is_executable(path) {
            return Err(LaunchError::NotExecutable {
                path: path.to_owned(),
            });
        }
        let mut head = Vec::with_capacity(executable::HEAD_BYTES);
        match File::open(path) {
            Ok(file) => {
                file.take(executable::HEAD_BYTES as u64)
                    .read_to_end(&mut head)
                    .map_err(|cause| system("read the executable", cause))?;
            }
            // A file may be executable and not readable; then the system is the only judge.
            Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
            Err(cause) => return Err(system("read the executable", cause)),
        }
        executable::check(&head).map_err(|cause| LaunchError::Unrunnable {
            path: path.to_owned(),
            cause,
        })
    }
}
