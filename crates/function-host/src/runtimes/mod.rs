//! Managed runtimes: the interpreter of this machine that runs `python3.*` or `nodejs*` functions, and the runtime client
//! that it runs.
//!
//! On Lambda, AWS's image holds both. Here the interpreter is the machine's own, the nearest one where the exact version
//! is not installed, and the client is prepared once for all functions: AWS's own from PyPI for Python, a small one of
//! ours for Node.js, because AWS's needs a compiler at installation. `provided.*` runtimes bring everything themselves.

mod interpreter;
mod node;
mod python;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub use interpreter::InterpreterVersion;

/// How a runtime's functions are started: a program, what comes before the handler's name, and variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeCommand {
    /// The interpreter.
    pub program: PathBuf,
    /// Arguments before the handler's name.
    pub arguments: Vec<String>,
    /// Variables that a function may not change.
    pub environment: BTreeMap<String, String>,
    /// A variable with a list of folders where modules are found, and the folder to add at its end.
    pub search_path: Option<(&'static str, PathBuf)>,
    /// What runs it.
    pub version: InterpreterVersion,
}

/// What a preparation came to.
#[derive(Debug, Clone)]
pub struct PreparedRuntime {
    /// How functions are started.
    pub command: Arc<RuntimeCommand>,
    /// The version that was asked for, where another one stands in for it.
    pub stands_in_for: Option<InterpreterVersion>,
}

/// Why a runtime cannot be prepared, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum PrepareRuntimeError {
    /// It is none that can be run here.
    #[error("runtime `{runtime}` cannot be run here: `provided.*`, `python3.*` and `nodejs*` can")]
    Unsupported {
        /// The runtime's identifier.
        runtime: String,
    },
    /// No interpreter.
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
        /// What was run.
        command: String,
        /// The last lines that it said.
        output: String,
    },
    /// A file could not be written or a program not be run.
    #[error("prepare runtime `{runtime}` in `{}`", .path.display())]
    Io {
        /// The runtime's identifier.
        runtime: String,
        /// Where.
        path: PathBuf,
        /// The system's answer.
        #[source]
        cause: io::Error,
    },
}

/// All managed runtimes of a host, prepared in one folder that any number of hosts may share.
#[derive(Debug)]
pub struct Runtimes {
    dir: PathBuf,
    prepared: Mutex<BTreeMap<String, PreparedRuntime>>,
    /// Held while one is prepared: two functions of one runtime must not install it twice, and processes of others start
    /// meanwhile.
    preparing: Mutex<()>,
}

/// Whether packages may be downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Installing {
    Allowed,
    Forbidden,
}

impl Runtimes {
    /// Runtimes that are kept in `dir`, which need not exist yet.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            prepared: Mutex::default(),
            preparing: Mutex::default(),
        }
    }

    /// Whether a runtime is one of those that need preparing.
    pub fn is_managed(runtime: &str) -> bool {
        Family::of(runtime).is_some()
    }

    /// Whether preparing it will have to download something.
    pub fn needs_installing(&self, runtime: &str) -> bool {
        Family::of(runtime).is_some() && self.prepare_as(runtime, Installing::Forbidden).is_err()
    }

    /// Finds the interpreter and installs the client where that was not done yet. Blocks, for seconds where something has
    /// to be downloaded; safe to call again and from several threads.
    ///
    /// # Errors
    /// See [`PrepareRuntimeError`].
    pub fn prepare(&self, runtime: &str) -> Result<PreparedRuntime, PrepareRuntimeError> {
        self.prepare_as(runtime, Installing::Allowed)
    }

    /// How a runtime's functions are started, without downloading anything.
    pub(crate) fn command(
        &self,
        runtime: &str,
    ) -> Result<Arc<RuntimeCommand>, PrepareRuntimeError> {
        self.prepare_as(runtime, Installing::Forbidden)
            .map(|prepared| prepared.command)
    }

    fn prepare_as(
        &self,
        runtime: &str,
        installing: Installing,
    ) -> Result<PreparedRuntime, PrepareRuntimeError> {
        if let Some(known) = self.known(runtime) {
            return Ok(known);
        }
        let _one_at_a_time = self
            .preparing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = self.known(runtime) {
            return Ok(known);
        }
        let Some((family, wanted)) = Family::of(runtime) else {
            return Err(PrepareRuntimeError::Unsupported {
                runtime: runtime.to_owned(),
            });
        };
        let task = Task {
            runtime,
            dir: &self.dir,
            wanted,
            installing,
        };
        let fresh = match family {
            Family::Python => python::prepare(&task)?,
            Family::Node => node::prepare(&task)?,
        };
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        prepared.insert(runtime.to_owned(), fresh.clone());
        Ok(fresh)
    }

    fn known(&self, runtime: &str) -> Option<PreparedRuntime> {
        let prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        prepared.get(runtime).cloned()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Python,
    Node,
}

impl Family {
    /// The family and version that an identifier such as `python3.13` or `nodejs22.x` means.
    fn of(runtime: &str) -> Option<(Self, InterpreterVersion)> {
        if let Some(version) = runtime.strip_prefix("python") {
            let (major, minor) = version.split_once('.')?;
            let version = InterpreterVersion {
                major: major.parse().ok().filter(|major| *major == 3)?,
                minor: minor.parse().ok()?,
            };
            return Some((Self::Python, version));
        }
        let version = runtime.strip_prefix("nodejs")?;
        let major = version.strip_suffix(".x").unwrap_or(version);
        let version = InterpreterVersion {
            major: major.parse().ok()?,
            minor: 0,
        };
        Some((Self::Node, version))
    }
}

/// One preparation.
struct Task<'a> {
    runtime: &'a str,
    dir: &'a Path,
    wanted: InterpreterVersion,
    installing: Installing,
}

impl Task<'_> {
    fn io(&self, path: &Path) -> impl FnOnce(io::Error) -> PrepareRuntimeError + use<> {
        let (runtime, path) = (self.runtime.to_owned(), path.to_owned());
        move |cause| PrepareRuntimeError::Io {
            runtime,
            path,
            cause,
        }
    }

    fn not_installed(&self) -> PrepareRuntimeError {
        PrepareRuntimeError::NotInstalled {
            runtime: self.runtime.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_name_a_family_and_a_version() {
        let of = |runtime| {
            Family::of(runtime).map(|(family, version)| (family, version.major, version.minor))
        };
        assert_eq!(of("python3.13"), Some((Family::Python, 3, 13)));
        assert_eq!(of("nodejs22.x"), Some((Family::Node, 22, 0)));
        for other in [
            "python2.7",
            "python3",
            "nodejs",
            "java21",
            "provided.al2023",
            "",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn what_cannot_be_run_says_what_can() {
        let runtimes = Runtimes::new("/nowhere");
        let error = runtimes.prepare("java21").expect_err("there is no Java");
        assert!(error.to_string().contains("`python3.*`"), "{error}");
    }
}
