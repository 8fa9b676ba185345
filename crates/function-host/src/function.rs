//! The configuration that the host needs to run one published function version.
//!
//! Plain data, given by the caller with every invocation; the caller resolves aliases, stores code and decides on
//! versions.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use crate::logging::Logging;

/// Describes one frozen function version: its code, its limits and its environment.
///
/// Two configurations with the same [`FunctionKey`] must be equal: the host keeps processes warm by key alone.
#[derive(Clone, PartialEq, Eq)]
pub struct FunctionConfig {
    /// The function's ARN without version or alias.
    pub arn: String,
    /// The function's name, as in `AWS_LAMBDA_FUNCTION_NAME`.
    pub name: String,
    /// The version that runs: a number, or `$LATEST`.
    pub version: String,
    /// Distinguishes two states of the same version (`$LATEST` after new code or new settings); any string that changes
    /// with them.
    pub revision: String,
    /// The directory with the unpacked code; becomes `LAMBDA_TASK_ROOT` and the working directory.
    pub code_dir: PathBuf,
    /// The runtime's identifier, such as `provided.al2023`.
    pub runtime: String,
    /// The handler's name, handed on as `_HANDLER`; `provided.*` runtimes are free to ignore it.
    pub handler: String,
    /// How long one invocation may take, from its delivery to its response.
    pub timeout: Duration,
    /// Configured memory in MB. Told to the function and printed in `REPORT`, never enforced: an address space limit
    /// (`RLIMIT_AS`) breaks runtimes that reserve far more than they use, such as V8 and Go.
    pub memory_mb: u32,
    /// The function's own environment variables; names that Lambda reserves are left out.
    pub environment: BTreeMap<String, String>,
    /// The format and levels of its log.
    pub logging: Logging,
    /// The most processes of this version at one time; further invocations wait in a queue. Zero throttles every
    /// invocation. A process that is being replaced while it still runs invocations does not count.
    pub concurrency_max: usize,
    /// `PerExecutionEnvironmentMaxConcurrency`: how many invocations a process of a function on managed instances has at one
    /// time, each with its own deadline. `None` is every other function, whose processes have one after another.
    pub per_process: Option<NonZeroUsize>,
    /// How a debugger finds its processes; `None`: they run without a debugger.
    pub debugger: Option<Debugger>,
}

/// How a function under a debugger runs: in one process at a time over all its versions, which is kept even if it is
/// idle for long, and may take any time to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debugger {
    /// The port on the loopback interface where the debugger of Python or Node.js listens; debuggers find other
    /// processes by their ids.
    pub port: u16,
    /// Whether a new process waits for a debugger before it runs code of the function.
    pub waits: bool,
    /// The folder with the developer's own sources, of which the code is a copy.
    pub sources: PathBuf,
}

/// A process that a debugger can be attached to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebuggedProcess {
    /// The function's name.
    pub function: String,
    /// The version that it runs.
    pub version: String,
    /// The process.
    pub pid: u32,
    /// The port of its debugger; `None` if its runtime has no debugger with a port.
    pub port: Option<u16>,
}

/// Identifies the invocations that a warm process can serve.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionKey {
    /// The function's name.
    pub name: String,
    /// The version that runs.
    pub version: String,
    /// See [`FunctionConfig::revision`].
    pub revision: String,
}

impl FunctionConfig {
    /// A function that never runs.
    #[cfg(test)]
    pub(crate) fn for_tests() -> FunctionConfig {
        FunctionConfig {
            arn: String::new(),
            name: "f".into(),
            version: "1".into(),
            revision: String::new(),
            code_dir: "/".into(),
            runtime: "provided.al2023".into(),
            handler: String::new(),
            timeout: Duration::from_secs(1),
            memory_mb: 128,
            environment: BTreeMap::new(),
            logging: Logging::default(),
            concurrency_max: 1,
            per_process: None,
            debugger: None,
        }
    }

    /// Returns Lambda's name for the way in which processes are initialized.
    pub(crate) fn initialization_type(&self) -> &'static str {
        match self.per_process {
            None => "on-demand",
            Some(_) => "lambda-managed-instances",
        }
    }

    /// Returns how many invocations one process may have at one time.
    pub fn invocations_per_process(&self) -> usize {
        self.per_process.map_or(1, NonZeroUsize::get)
    }

    /// Returns the key under which processes of this configuration are kept warm.
    pub fn key(&self) -> FunctionKey {
        FunctionKey {
            name: self.name.clone(),
            version: self.version.clone(),
            revision: self.revision.clone(),
        }
    }
}

impl fmt::Debug for FunctionConfig {
    /// Leaves out the environment's values: they often are secrets, and this text is written to logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionConfig")
            .field("arn", &self.arn)
            .field("version", &self.version)
            .field("revision", &self.revision)
            .field("code_dir", &self.code_dir)
            .field("runtime", &self.runtime)
            .field("handler", &self.handler)
            .field("timeout", &self.timeout)
            .field("memory_mb", &self.memory_mb)
            .field("environment", &self.environment.keys())
            .field("logging", &self.logging)
            .field("concurrency_max", &self.concurrency_max)
            .field("per_process", &self.per_process)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for FunctionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.version)
    }
}
