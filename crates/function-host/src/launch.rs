//! The program that is started for a function, and the reasons why it cannot be.
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

/// Why no function process could be started, and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// This host does not run the runtime.
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
    /// The executable does not exist.
    #[error("no file `{}`: runtime `{runtime}` starts the executable `bootstrap` in the code directory; build the function, or correct its `CodeUri`", .path.display())]
    Missing {
        /// The path where it was expected.
        path: PathBuf,
        /// The runtime's identifier.
        runtime: String,
    },
    /// It exists, but is not an executable file.
    #[error("`{}` is not executable: run `chmod +x` on it", .path.display())]
    NotExecutable {
        /// The file.
        path: PathBuf,
    },
    /// Its mode is executable, but its content cannot be run.
    #[error("`{}` cannot run on this machine", .path.display())]
    Unrunnable {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        cause: ExecutableProblem,
    },
    /// The function's wrapper does not exist.
    #[error("no file `{}`, and `AWS_LAMBDA_EXEC_WRAPPER` of the function is `{named}`: `/opt/…` is a file of its layers and `/var/task/…` one of its code; add the file, or take the variable away", .path.display())]
    WrapperMissing {
        /// As the function names it.
        named: String,
        /// The path where it was expected.
        path: PathBuf,
    },
    /// The function's wrapper exists, but cannot be started.
    #[error("the function is started through `{named}`, which its `AWS_LAMBDA_EXEC_WRAPPER` names")]
    Wrapper {
        /// As the function names it.
        named: String,
        /// The reason.
        #[source]
        cause: Box<LaunchError>,
    },
    /// A program in the layers' folder `extensions` cannot be started.
    #[error("extension `{name}` of the function's layers cannot be started")]
    Extension {
        /// Its file's name.
        name: String,
        /// The reason.
        #[source]
        cause: Box<LaunchError>,
    },
    /// The host keeps the remaining file handles for its own work.
    #[error(
        "the server has about {open} of its {limit} file handles in use and keeps {reserve} for its own work: raise its limit (`ulimit -n`)"
    )]
    NoFileHandles {
        /// How many are in use, or soon will be by processes that have just been started.
        open: u64,
        /// The limit of this process.
        limit: u64,
        /// How many the host keeps.
        reserve: u64,
    },
    /// A process of another version of the function has the debugger.
    #[error("another version of `{function}` is at work in its debugger: one process at a time")]
    OtherIsDebugged {
        /// The function's name.
        function: String,
    },
    /// The port of its debugger is taken.
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
        /// The attempted action.
        attempt: &'static str,
        /// The file to run.
        path: PathBuf,
        /// The system's answer.
        #[source]
        cause: io::Error,
    },
}

impl LaunchError {
    /// Whether the cause is a shortage of the machine or this process, independent of the function: a later start may
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
    /// Whether the function's own debugger keeps another process of the function from starting.
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
    /// Decides which program runs a function.
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

    /// Returns the files and folders that a process must be able to see, besides those of every machine.
    pub(crate) fn needed<'a>(&'a self, function: &'a FunctionConfig) -> Vec<&'a Path> {
        let mut needed = vec![&*function.code_dir, self.program(), self.runtime()];
        if let LaunchCommand::Managed { command, .. } = self {
            needed.extend(command.arguments.iter().map(Path::new));
            let folders = command.search_path.iter().flat_map(|(_, folders)| folders);
            needed.extend(folders.map(|folder| &**folder));
        }
        needed
    }

    /// Adds the variables that the runtime's client needs to a function's environment.
    pub(crate) fn complete(&self, environment: &mut BTreeMap<String, String>) {
        let LaunchCommand::Managed { command, .. } = self else {
            return;
        };
        environment.extend(command.environment.clone());
        if let Some((variable, folders)) = &command.search_path {
            // Appended after the function's own folders: its versions of a package take precedence over the runtime's.
            let list = environment.entry((*variable).to_owned()).or_default();
            for folder in folders {
                if !list.is_empty() {
                    list.push(':');
                }
                list.push_str(&folder.display().to_string());
            }
        }
    }

    /// Checks the programs before they are started, because the system's own errors would be misleading: a missing
    /// script interpreter, for example, is reported as if the script were missing, and libc runs a binary for another
    /// architecture through the shell.
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

/// Checks an extension's program before it is started.
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
        // A file may be executable but not readable; then only the system can tell.
        Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
        Err(cause) => return Err(system("read the executable", cause)),
    }
    executable::check(&head).map_err(|cause| LaunchError::Unrunnable {
        path: path.to_owned(),
        cause,
    })
}
