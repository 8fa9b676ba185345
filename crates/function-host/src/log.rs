//! Log lines of functions, and where they go.

use std::sync::Arc;
use std::time::SystemTime;

use crate::function::FunctionConfig;

/// Takes the log lines of all functions.
///
/// `record` is called in the order in which lines of one process came, on the task that also serves its invocations: it must
/// not block and must not wait. A sink that writes somewhere slow puts lines into a bounded queue of its own and says what
/// it does when that is full.
pub trait LogSink: Send + Sync + 'static {
    /// Takes one line.
    fn record(&self, line: LogLine);
}

/// One line of a function's log.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// Whose line it is.
    pub function: Arc<FunctionConfig>,
    /// The log stream's name, unique per process, as in `AWS_LAMBDA_LOG_STREAM_NAME`.
    pub log_stream_name: Arc<str>,
    /// The invocation that the line belongs to: the one under way, or the latest one; during initialization the one that the
    /// process was started for.
    pub request_id: Option<String>,
    /// When the host read the line.
    pub at: SystemTime,
    /// Where it was written.
    pub stream: LogStream,
    /// The line without its line break; invalid UTF-8 is replaced. Line breaks within it are those that the function asked
    /// for by a carriage return, as Python's client does between the lines of a traceback. Untrusted, and at most
    /// [`LINE_BYTES_MAX`](crate::LINE_BYTES_MAX) bytes and a note long before replacement.
    pub text: String,
}

/// Where a log line was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogStream {
    /// The process's standard output.
    Stdout,
    /// The process's standard error.
    Stderr,
    /// The host: `START`, `END`, `REPORT`, `INIT_REPORT` and errors.
    Platform,
}

/// Throws every line away.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiscardLogs;

impl LogSink for DiscardLogs {
    fn record(&self, _line: LogLine) {}
}
