//! Function processes over the Lambda Runtime API: starts them, sends them events, times them out, keeps them warm, and
//! stops them.
//!
//! [`FunctionHost`] is the whole interface: it takes an event for a function version and returns the function's result.
//! Everything else (aliases, durable executions, retries, HTTP) belongs to the server. The design, section 7, describes
//! how the parts fit together; the protocol reference, section 6, describes the Runtime API.
//!
//! An invocation goes from `host` to the `pool`, which finds a process for it or has `placing` start one; the `process`'s
//! own task delivers it through the `runtime_api`, and answers the caller.

mod capture;
mod config;
mod debugger;
mod environment;
mod exec_wrapper;
mod executable;
mod family;
mod folders;
mod function;
mod growing;
mod host;
mod invocation;
mod launch;
mod layers;
mod left_behind;
mod log;
mod logging;
mod mounts;
mod open_files;
mod placing;
mod pool;
mod proc_fs;
mod process;
mod request;
mod response_stream;
mod runtime_api;
mod runtimes;
mod shared;
mod slot;
#[cfg(target_os = "linux")]
mod sock_diag;
mod spare_time;
mod unix;

pub use capture::LINE_BYTES_MAX;
pub use config::{Credentials, CredentialsSource, HostConfig};
pub use executable::ExecutableProblem;
pub use folders::LAYERS_FOLDER;
pub use function::{DebuggedProcess, Debugger, FunctionConfig, FunctionKey};
pub use host::{FunctionHost, StartHostError, end_left_behind};
pub use invocation::{
    FunctionError, FunctionErrorKind, InvocationOutcome, InvocationRequest, InvocationResult,
    InvokeError, Permit, Shortage,
};
pub use launch::LaunchError;
pub use log::{DiscardLogs, LogLine, LogSink, LogStream};
pub use logging::{LogFormat, LogLevel, Logging};
pub use pool::FunctionStats;
pub use response_stream::{ResponsePiece, ResponseSink, response_stream};
pub use runtimes::{
    Interpreter, InterpreterVersion, NodePackages, PrepareRuntimeError, PreparedRuntime,
    RuntimeCommand, Runtimes,
};
