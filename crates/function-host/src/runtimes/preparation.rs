//! The preparation of one runtime: the request, the result, and the reasons why it can fail.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::interpreter::InterpreterVersion;

/// How a runtime's functions are started: a program, the arguments before the handler's name, and variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeCommand {
    /// The interpreter.
    pub program: PathBuf,
    /// Arguments before the handler's name.
    pub arguments: Vec<String>,
    /// Variables that a function may not change.
    pub environment: BTreeMap<String, String>,
    /// A variable with a list of folders where modules are found, and the folders to add at its end.
    pub search_path: Option<(&'static str, Vec<PathBuf>)>,
    /// The version of the interpreter.
    pub version: InterpreterVersion,
}

/// The result of a preparation.
#[derive(Debug, Clone)]
pub struct PreparedRuntime {
    /// How functions are started.
    pub command: Arc<RuntimeCommand>,
    /// The requested version, if another one stands in for it.
    pub stands_in_for: Option<InterpreterVersion>,
}

/// Why a runtime cannot be prepared, and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum PrepareRuntimeError {
    /// The runtime cannot be run here.
    #[error("runtime `{runtime}` cannot be run here: `provided.*`, `python3.*` and `nodejs*` can")]
    Unsupported {
        /// The runtime's identifier.
        runtime: String,
    },
    /// There is no suitable interpreter.
    #[error(
        "runtime `{runtime}` needs {wanted}, and this machine has none: install it, and see that `{program}` is found on the PATH"
    )]
    NoInterpreter {
        /// The runtime's identifier.
        runtime: String,
        /// Such as `Python 3.11 or later`.
        wanted: &'static str,
        /// Such as `python3`.
        program: &'static str,
    },
    /// Its packages were never installed.
    #[error(
        "runtime `{runtime}` was never prepared: start `lambdura up` once on a template that uses it, or create a function with it"
    )]
    NotInstalled {
        /// The runtime's identifier.
        runtime: String,
    },
    /// Its packages could not be installed.
    #[error(
        "the packages of runtime `{runtime}` cannot be installed: `{command}` failed\n{output}"
    )]
    Install {
        /// The runtime's identifier.
        runtime: String,
        /// The command.
        command: String,
        /// The last lines of its output.
        output: String,
    },
    /// A file could not be written, or a program could not be run.
    #[error("prepare runtime `{runtime}` in `{}`", .path.display())]
    Io {
        /// The runtime's identifier.
        runtime: String,
        /// The path.
        path: PathBuf,
        /// The system's answer.
        #[source]
        cause: io::Error,
    },
}

/// Whether packages may be downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Installing {
    Allowed,
    Forbidden,
}

/// One preparation.
pub(super) struct Task<'a> {
    pub(super) runtime: &'a str,
    pub(super) dir: &'a Path,
    pub(super) wanted: InterpreterVersion,
    pub(super) installing: Installing,
}

impl Task<'_> {
    pub(super) fn io(&self, path: &Path) -> impl FnOnce(io::Error) -> PrepareRuntimeError + use<> {
        let (runtime, path) = (self.runtime.to_owned(), path.to_owned());
        move |cause| PrepareRuntimeError::Io {
            runtime,
            path,
            cause,
        }
    }

    pub(super) fn not_installed(&self) -> PrepareRuntimeError {
        PrepareRuntimeError::NotInstalled {
            runtime: self.runtime.to_owned(),
        }
    }
}
