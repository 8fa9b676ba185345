//! What is started for a function, and what can stand in the way.
//!
//! One strategy per family of runtimes: `provided.*` runs the executable `bootstrap` of the code directory, managed
//! runtimes run an interpreter with a runtime client and the handler's name, through the function's wrapper if it has one.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::exec_wrapper::ExecWrapper;
use crate::executable::{self, ExecutableProblem};
use crate::function::FunctionConfig;
use crate::layers::{self, ExtensionProgram};
use crate::runtimes::{PrepareRuntimeError, RuntimeCommand, Runtimes};
use crate::unix;

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
    /// A managed runtime has no interpreter, or was never prepared.
    #[error(transparent)]
    Runtime(#[from] PrepareRuntimeError),
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
    /// There is nothing where the function's wrapper should be.
    #[error("no file `{}`, and `AWS_LAMBDA_EXEC_WRAPPER` of the function is `{named}`: `/opt/…` is a file of its layers and `/var/task/…` one of its code; add the file, or take the variable away", .path.display())]
    WrapperMissing {
        /// As the function names it.
        named: String,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The function's wrapper is there, but cannot be started.
    #[error("the function is started through `{named}`, which its `AWS_LAMBDA_EXEC_WRAPPER` names")]
    Wrapper {
        /// As the function names it.
        named: String,
        /// What is wrong with it.
        #[source]
        cause: Box<LaunchError>,
    },
    /// A program in the layers' folder `extensions` cannot be started.
    #[error("extension `{name}` of the function's layers cannot be started")]
    Extension {
        /// Its file's name.
        name: String,
        /// What is wrong with it.
        #[source]
        cause: Box<LaunchError>,
    },
    /// The host keeps the file handles that are left for its own work.
    #[error(
        "the server has about {open} of its {limit} file handles in use and keeps {reserve} for its own work: raise its limit (`ulimit -n`)"
    )]
    NoFileHandles {
        /// How many are in use, or will soon be by processes that have just been started.
        open: u64,
        /// The limit of this process.
        limit: u64,
        /// How many are kept.
        reserve: u64,
    },
    /// Another version of the function has the debugger.
    #[error("another version of `{function}` is at work in its debugger: one process at a time")]
    OtherIsDebugged {
        /// The function's name.
        function: String,
    },
    /// The port that its debugger is to listen on is taken.
    #[error(
        "port {port}, which the debugger of `{function}` is to listen on, is taken: stop what has it, or choose another one"
    )]
    DebuggerPort {
        /// The function's name.
        function: String,
        /// The port.
        port: u16,
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

impl LaunchError {
    /// Whether the machine or this process is short of something, which says nothing about the function: a later start may
    /// succeed.
    pub(crate) fn is_shortage(&self) -> bool {
        match self {
            LaunchError::NoFileHandles { .. }
            | LaunchError::OtherIsDebugged { .. }
            | LaunchError::DebuggerPort { .. } => true,
            LaunchError::System { cause, .. }
            | LaunchError::Runtime(PrepareRuntimeError::Io { cause, .. }) => {
                unix::is_shortage(cause)
            }
            LaunchError::Wrapper { cause, .. } | LaunchError::Extension { cause, .. } => {
                cause.is_shortage()
            }
            LaunchError::UnsupportedRuntime { .. }
            | LaunchError::WrapperMissing { .. }
            | LaunchError::Runtime(_)
            | LaunchError::Missing { .. }
            | LaunchError::NotExecutable { .. }
            | LaunchError::Unrunnable { .. } => false,
        }
    }
}

impl LaunchError {
    /// Whether it is the function's own debugger that keeps another process of it from starting.
    pub(crate) fn is_debugger(&self) -> bool {
        matches!(
            self,
            LaunchError::OtherIsDebugged { .. } | LaunchError::DebuggerPort { .. }
        )
    }
}

/// A program to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LaunchCommand {
    /// The executable `bootstrap` of the code directory, without arguments.
    Bootstrap { path: PathBuf },
    /// An interpreter with a runtime client.
    Managed {
        command: Arc<RuntimeCommand>,
        wrapper: Option<ExecWrapper>,
    },
}

impl LaunchCommand {
    /// Decides what runs a function.
    pub(crate) fn of(
        function: &FunctionConfig,
        runtimes: Option<&Runtimes>,
    ) -> Result<LaunchCommand, LaunchError> {
        // Java and Go bring their runtime client with their code; the build adds the `bootstrap`.
        let brings_client = ["provided.", "java"]
            .iter()
            .any(|family| function.runtime.starts_with(family));
        if brings_client || matches!(function.runtime.as_str(), "provided" | "go1.x") {
            let path = layers::bootstrap(&function.code_dir);
            return Ok(LaunchCommand::Bootstrap { path });
        }
        if let Some(runtimes) = runtimes
            && Runtimes::is_managed(&function.runtime)
        {
            let command = runtimes.command(&function.runtime)?;
            let command = match &function.debugger {
                Some(debugger) => Arc::new(runtimes.debugged(&command, function, debugger)),
                None => command,
            };
            return Ok(LaunchCommand::Managed {
                command,
                wrapper: ExecWrapper::of(function),
            });
        }
        Err(LaunchError::UnsupportedRuntime {
            runtime: function.runtime.clone(),
        })
    }

    /// Returns the path of the program to start.
    pub(crate) fn program(&self) -> &Path {
        match self {
            LaunchCommand::Managed {
                wrapper: Some(wrapper),
                ..
            } => &wrapper.file,
            LaunchCommand::Bootstrap { .. } | LaunchCommand::Managed { .. } => self.runtime(),
        }
    }

    /// Returns the path of the runtime's own program.
    fn runtime(&self) -> &Path {
        match self {
            LaunchCommand::Bootstrap { path } => path,
            LaunchCommand::Managed { command, .. } => &command.program,
        }
    }

    /// Returns the program's arguments.
    pub(crate) fn arguments(&self, handler: &str) -> Vec<OsString> {
        let LaunchCommand::Managed { command, wrapper } = self else {
            return Vec::new();
        };
        let wrapped = wrapper.as_ref().map(|_| command.program.clone().into());
        let own = command.arguments.iter().map(OsString::from);
        wrapped
            .into_iter()
            .chain(own)
            .chain([handler.into()])
            .collect()
    }

    /// Returns the files and folders that a process must see, besides those that every machine has.
    pub(crate) fn needed<'a>(&'a self, function: &'a FunctionConfig) -> Vec<&'a Path> {
        let mut needed = vec![&*function.code_dir, self.program(), self.runtime()];
        if let LaunchCommand::Managed { command, .. } = self {
            needed.extend(command.arguments.iter().map(Path::new));
            let folders = command.search_path.iter().flat_map(|(_, folders)| folders);
            needed.extend(folders.map(|folder| &**folder));
        }
        needed
    }

    /// Adds what the runtime's client needs to a function's environment.
    pub(crate) fn complete(&self, environment: &mut BTreeMap<String, String>) {
        let LaunchCommand::Managed { command, .. } = self else {
            return;
        };
        environment.extend(command.environment.clone());
        if let Some((variable, folders)) = &command.search_path {
            // After the function's own folders: its versions of a package win over the runtime's.
            let list = environment.entry((*variable).to_owned()).or_default();
            for folder in folders {
                if !list.is_empty() {
                    list.push(':');
                }
                list.push_str(&folder.display().to_string());
            }
        }
    }

    /// Looks at the programs before they are started, because the system's own errors would not say what is wrong: a missing
    /// script interpreter, for one, is reported as if the script were missing, and a binary for another architecture is
    /// run through the shell by libc.
    pub(crate) fn check(&self, runtime: &str) -> Result<(), LaunchError> {
        if let LaunchCommand::Managed {
            wrapper: Some(wrapper),
            ..
        } = self
        {
            check_program(&wrapper.file, runtime).map_err(|cause| {
                let named = wrapper.named.clone();
                match cause {
                    LaunchError::Missing { path, .. } => {
                        LaunchError::WrapperMissing { named, path }
                    }
                    cause => LaunchError::Wrapper {
                        named,
                        cause: Box::new(cause),
                    },
                }
            })?;
        }
        check_program(self.runtime(), runtime)
    }
}

/// Looks at an extension's program before it is started.
pub(crate) fn check_extension(program: &ExtensionProgram) -> Result<(), LaunchError> {
    check_program(&program.file, "extension").map_err(|cause| LaunchError::Extension {
        name: program.name.clone(),
        cause: Box::new(cause),
    })
}

fn check_program(path: &Path, runtime: &str) -> Result<(), LaunchError> {
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
    if !metadata.is_file() || !unix::is_executable(path) {
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
