//! All managed runtimes of a host: the known ones, and the prepared ones.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::interpreter::{Interpreter, InterpreterVersion};
use super::preparation::{Installing, PrepareRuntimeError, PreparedRuntime, RuntimeCommand, Task};
use super::{NodePackages, node, node_packages, python};
use crate::function::{Debugger, FunctionConfig};

/// All managed runtimes of a host, prepared in one folder that any number of hosts may share.
#[derive(Debug)]
pub struct Runtimes {
    dir: PathBuf,
    prepared: Mutex<BTreeMap<String, PreparedRuntime>>,
    /// Locked while a runtime is prepared: two functions of one runtime must not install it twice; processes of other
    /// runtimes start meanwhile.
    preparing: Mutex<()>,
}

impl Runtimes {
    /// Runtimes in the folder `dir`, which need not exist yet.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            prepared: Mutex::default(),
            preparing: Mutex::default(),
        }
    }

    /// Whether a runtime must be prepared.
    pub fn is_managed(runtime: &str) -> bool {
        Family::of(runtime).is_some()
    }

    /// The interpreter of this machine that functions of a runtime get, without preparing anything. Starts the
    /// candidate programs.
    ///
    /// # Errors
    /// It is not a managed runtime, or no installed version of its interpreter can run it.
    pub fn interpreter(runtime: &str) -> Result<Interpreter, PrepareRuntimeError> {
        match Family::of(runtime) {
            Some((Family::Python, wanted)) => python::find(runtime, wanted),
            Some((Family::Node, wanted)) => node::find(runtime, wanted),
            None => Err(PrepareRuntimeError::Unsupported {
                runtime: runtime.to_owned(),
            }),
        }
    }

    /// Whether preparing it will have to download something.
    pub fn needs_installing(&self, runtime: &str) -> bool {
        Family::of(runtime).is_some() && self.prepare_as(runtime, Installing::Forbidden).is_err()
    }

    /// Finds the interpreter and installs the client if that was not done yet. Blocks, for seconds if a download is
    /// necessary; safe to call again and from several threads.
    ///
    /// # Errors
    /// See [`PrepareRuntimeError`].
    pub fn prepare(&self, runtime: &str) -> Result<PreparedRuntime, PrepareRuntimeError> {
        self.prepare_as(runtime, Installing::Allowed)
    }

    /// Whether [`Runtimes::node_packages`] will have to download something.
    pub fn needs_node_packages(&self, wanted: &BTreeSet<String>) -> bool {
        !wanted.is_subset(&node_packages::present(&self.dir))
    }

    /// Provides packages that Lambda's Node.js runtimes include, for functions that do not bring them. Blocks while
    /// they are downloaded; safe to call again and from several threads.
    ///
    /// # Errors
    /// See [`PrepareRuntimeError`].
    pub fn node_packages(
        &self,
        wanted: &BTreeSet<String>,
    ) -> Result<NodePackages, PrepareRuntimeError> {
        let _one_at_a_time = self
            .preparing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        node_packages::install(&self.dir, wanted)
    }

    /// Whether a program in JavaScript, such as `esbuild@0.25.12`, is installed here.
    pub fn has_node_tool(&self, tool: &str) -> bool {
        node_packages::tool_folder(&self.dir, tool).is_dir()
    }

    /// Installs a program in JavaScript, which builds of functions need; returns the folder with its `node_modules`.
    /// Blocks as [`Runtimes::node_packages`] does.
    ///
    /// # Errors
    /// See [`PrepareRuntimeError`].
    pub fn node_tool(&self, tool: &str) -> Result<PathBuf, PrepareRuntimeError> {
        let _one_at_a_time = self
            .preparing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        node_packages::install_tool(&self.dir, tool)
    }

    /// Installs the debugger of a runtime if that was not done yet and the runtime has none of its own. This includes
    /// [`Runtimes::prepare`], and blocks as that does.
    ///
    /// # Errors
    /// See [`PrepareRuntimeError`].
    pub fn prepare_debugger(&self, runtime: &str) -> Result<(), PrepareRuntimeError> {
        let prepared = self.prepare(runtime)?;
        let Some((Family::Python, wanted)) = Family::of(runtime) else {
            return Ok(());
        };
        let _one_at_a_time = self
            .preparing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let task = Task {
            runtime,
            dir: &self.dir,
            wanted,
            installing: Installing::Allowed,
        };
        python::prepare_debugger(&task, &prepared.command)
    }

    /// How a function is started under a debugger.
    pub(crate) fn debugged(
        &self,
        command: &RuntimeCommand,
        function: &FunctionConfig,
        debugger: &Debugger,
    ) -> RuntimeCommand {
        match Family::of(&function.runtime) {
            Some((Family::Python, _)) => {
                python::debugged(&self.dir, command, &function.code_dir, debugger)
            }
            Some((Family::Node, _)) => node::debugged(command, debugger),
            None => command.clone(),
        }
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
    /// The family and version of an identifier such as `python3.13` or `nodejs22.x`.
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
