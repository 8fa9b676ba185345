//! Log lines of functions, and their destination.

use std::sync::Arc;
use std::time::SystemTime;

use crate::function::FunctionConfig;

/// Takes the log lines of all functions.
///
/// `record` is called in the order of one process's lines, on the task that also serves its invocations: it must not
/// block or wait. A sink with a slow destination puts lines into a bounded queue of its own and documents its behaviour
/// when that is full.
pub trait LogSink: Send + Sync + 'static {
    /// Takes one line.
    fn record(&self, line: LogLine);
}

/// One line of a function's log.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// The function that the line belongs to.
    pub function: Arc<FunctionConfig>,
    /// The log stream's name, unique per process, as in `AWS_LAMBDA_LOG_STREAM_NAME`.
    pub log_stream_name: Arc<str>,
    /// The invocation that the line belongs to: the one under way, or the latest one; during initialization the one that the
    /// process was started for.
    pub request_id: Option<String>,
    /// When the host read the line.
    pub at: SystemTime,
    /// The stream that it was written to.
    pub stream: LogStream,
    /// The line without its line break; invalid UTF-8 is replaced. Line breaks within it come from carriage returns of
    /// the function, which Python's client writes between the lines of a traceback. Untrusted, and at most
    /// [`LINE_BYTES_MAX`](crate::LINE_BYTES_MAX) bytes and a note long before replacement.
    pub text: String,
}

/// The stream that a log line was written to.
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
