//! What a store holds beyond executions and their history, and how lists are asked for.

use std::sync::Arc;

use model::{
    ErrorObject, ExecutionArn, ExecutionId, ExecutionName, ExecutionSpec, ExecutionState,
    ExecutionStatus, FunctionName, RequestId, Timestamp, Version,
};

/// How much of an acknowledged commit survives what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Durability {
    /// Survives power loss: answered after fsync.
    Disk,
    /// Survives the death of the process, not of the machine.
    Os,
    /// Survives nothing.
    Memory,
}

impl Durability {
    /// The setting's name on the command line and in `/healthz`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Os => "os",
            Self::Memory => "memory",
        }
    }
}

/// An execution without its operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionRecord {
    /// What was fixed at its start.
    pub spec: Arc<ExecutionSpec>,
    /// What changes.
    pub state: ExecutionState,
}

/// What lists and checks need of an execution: nothing in it is large, and no store reads anything
/// large for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionHead {
    /// Which.
    pub arn: ExecutionArn,
    /// When it started.
    pub started_at: Timestamp,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The last event of its history.
    pub event_id_last: u64,
}

impl ExecutionHead {
    /// The head of a whole record: what a store must give for it.
    pub fn of(spec: &ExecutionSpec, state: &ExecutionState) -> Self {
        Self {
            arn: spec.arn.clone(),
            started_at: spec.started_at,
            status: state.status(),
            ended_at: state.ended_at,
            event_id_last: state.event_id_last,
        }
    }
}

/// Which executions of a function to list. A page is in order of start, newest first unless
/// `oldest_first`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExecutionFilter {
    /// Only of this function; none: of all.
    pub function: Option<FunctionName>,
    /// Only pinned to this version; none: to any.
    pub version: Option<Version>,
    /// Only with this name.
    pub name: Option<ExecutionName>,
    /// Only in one of these; empty: in any.
    pub statuses: Vec<ExecutionStatus>,
    /// Only started after this instant, exclusive.
    pub started_after: Option<Timestamp>,
    /// Only started before this instant, exclusive.
    pub started_before: Option<Timestamp>,
    /// Oldest first.
    pub oldest_first: bool,
    /// Where the page before this one ended.
    pub after: Option<Cursor>,
    /// Rows at the most; at least one.
    pub limit: usize,
}

/// A place in a list of executions: the last one that was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// When it started.
    pub started_at: Timestamp,
    /// Tells apart those that started in the same millisecond.
    pub execution_id: ExecutionId,
}

/// Which events of an execution to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPage {
    /// The event that the page before this one ended with; none: from the beginning (or the end).
    pub after: Option<u64>,
    /// Newest first.
    pub newest_first: bool,
    /// Events at the most; at least one.
    pub limit: usize,
    /// Bytes of payloads and errors at the most; the first event is given however large it is.
    pub bytes_max: usize,
}

/// Identifies an accepted asynchronous invocation; ascending in order of acceptance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AsyncInvocationId(pub i64);

/// An asynchronous invocation of a plain function that was accepted and is not done yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsyncInvocation {
    /// The request id that the caller was given and every attempt carries.
    pub request_id: RequestId,
    /// The function.
    pub function: FunctionName,
    /// What the caller's qualifier meant when it was accepted.
    pub version: Version,
    /// The ARN as it was invoked, for the function's context.
    pub invoked_arn: String,
    /// The event.
    pub payload: Vec<u8>,
    /// JSON text of the client context.
    pub client_context: Option<String>,
    /// The X-Ray trace.
    pub trace_header: Option<String>,
    /// The tenant.
    pub tenant_id: Option<String>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Attempts that have failed.
    pub attempts: u32,
    /// Not before this instant: a retry waits.
    pub not_before: Timestamp,
}

/// What is known of an accepted invocation without reading what it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedInvocation {
    /// Which.
    pub id: AsyncInvocationId,
    /// The function.
    pub function: FunctionName,
    /// Its version.
    pub version: Version,
    /// Not before this instant: a retry waits.
    pub not_before: Timestamp,
}

/// An execution that the service could not work on, and leaves alone until somebody tries again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Which.
    pub execution_id: ExecutionId,
    /// Since when.
    pub set_aside_at: Timestamp,
    /// What was being done.
    pub attempted: String,
    /// What went wrong.
    pub reason: String,
}

/// A published version of a function (or `$LATEST`), as it was deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionVersionRecord {
    /// The function.
    pub function: FunctionName,
    /// The version.
    pub version: Version,
    /// SHA-256 of the code, base64: what decides whether a deployment is a new version.
    pub code_sha256: String,
    /// SHA-256 of code and configuration together, base64.
    pub config_sha256: String,
    /// Where the frozen copy of the code lies.
    pub code_dir: String,
    /// Its configuration as JSON, in the form of the API's `FunctionConfiguration`.
    pub configuration: String,
    /// When it was published.
    pub published_at: Timestamp,
}

/// A name for a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasRecord {
    /// The function.
    pub function: FunctionName,
    /// The alias.
    pub name: String,
    /// What it points to.
    pub version: Version,
    /// For people.
    pub description: String,
    /// How it divides its traffic, as JSON in the form of the API's `AliasRoutingConfiguration`;
    /// none: all of it goes to `version`.
    pub routing: Option<String>,
    /// Changes with every change; empty for an alias from before there were such ids.
    pub revision_id: String,
}

/// What holds for a function whatever its version: tags, reserved concurrency and the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSettingsRecord {
    /// The function.
    pub function: FunctionName,
    /// JSON, in a form of the server's own.
    pub settings: String,
}

/// How far a schedule has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleMark {
    /// The ARN of the rule or schedule.
    pub schedule: String,
    /// What it was like, in a form of the server's own: a schedule that is changed begins anew.
    pub definition: String,
    /// Occurrences up to this instant are done with, or were before its time.
    pub done_until: Timestamp,
}

/// Identifies a dead letter; ascending in order of burial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeadLetterId(pub i64);

/// An asynchronous invocation that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// What was to be invoked, with the attempts that were made.
    pub invocation: AsyncInvocation,
    /// When it was given up.
    pub buried_at: Timestamp,
    /// Why: `RetriesExhausted` or `EventAgeExceeded`, as Lambda names it in a destination record.
    pub condition: String,
    /// How the last attempt failed; none when there was none.
    pub error: Option<ErrorObject>,
}

/// Dead letters that a store keeps: a function that fails on everything must not fill the disk. The
/// oldest go first.
pub const DEAD_LETTERS_MAX: i64 = 10_000;

/// Bytes of events in one reading of dead letters, about: one is given however large it is.
pub const DEAD_LETTER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Where a log line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogStream {
    /// The function's standard output.
    Stdout,
    /// The function's standard error.
    Stderr,
    /// The service: START, END, REPORT.
    Platform,
}

/// One line that a function process printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The function.
    pub function: FunctionName,
    /// Its version.
    pub version: Version,
    /// The invocation that it belongs to, when there is one.
    pub request_id: Option<RequestId>,
    /// The execution that the invocation belongs to, for a durable function.
    pub execution_id: Option<ExecutionId>,
    /// When it was read.
    pub at: Timestamp,
    /// Where it came from.
    pub stream: LogStream,
    /// The line without its end.
    pub text: String,
}

/// Which log lines to read. Lines come in the order in which they were recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    /// Only of this function.
    pub function: Option<FunctionName>,
    /// Only of this execution.
    pub execution_id: Option<ExecutionId>,
    /// Only of this invocation.
    pub request_id: Option<RequestId>,
    /// Only recorded after this line number (exclusive): to follow.
    pub after: Option<i64>,
    /// Only recorded before this line number (exclusive): to go back from the last lines.
    pub before: Option<i64>,
    /// The last so many lines instead of the first.
    pub tail: bool,
    /// Lines at the most; at least one.
    pub limit: usize,
    /// Bytes of text at the most; the first line is given however long it is.
    pub bytes_max: usize,
    /// Bytes of one text at the most: of a longer one only the beginning is given.
    pub text_bytes_max: usize,
}

impl Default for LogQuery {
    /// One line of all, whole.
    fn default() -> Self {
        Self {
            function: None,
            execution_id: None,
            request_id: None,
            after: None,
            before: None,
            tail: false,
            limit: 1,
            bytes_max: usize::MAX,
            text_bytes_max: usize::MAX,
        }
    }
}

/// A line as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedLine {
    /// Ascending in the order of recording.
    pub number: i64,
    /// The line, whose text may have been cut.
    pub line: LogLine,
    /// Bytes of the whole text.
    pub text_bytes: usize,
}

impl NumberedLine {
    /// A line whose text is cut to `text_bytes_max`, at a character.
    pub fn cut(number: i64, mut line: LogLine, text_bytes_max: usize) -> Self {
        let text_bytes = line.text.len();
        line.text
            .truncate(line.text.floor_char_boundary(text_bytes_max));
        // A page of short beginnings does not hold the long lines that they were cut from.
        line.text.shrink_to_fit();
        Self {
            number,
            line,
            text_bytes,
        }
    }
}

/// Lines that were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// In the order in which they were recorded.
    pub lines: Vec<NumberedLine>,
    /// Whether others match: later ones, or earlier ones when the last lines were asked for.
    pub more: bool,
}

impl LogPage {
    /// Takes lines until the query's bounds: the first ones, or the last ones from the end back when
    /// the query asks for those.
    ///
    /// # Errors
    /// Those of the lines.
    pub fn take<E>(
        lines: impl IntoIterator<Item = Result<NumberedLine, E>>,
        query: &LogQuery,
    ) -> Result<Self, E> {
        let mut page = Self {
            lines: Vec::new(),
            more: false,
        };
        let mut bytes = 0;
        for line in lines {
            let line = line?;
            bytes += line.line.text.len();
            let is_full = page.lines.len() >= query.limit.max(1) || bytes > query.bytes_max;
            if is_full && !page.lines.is_empty() {
                page.more = true;
                break;
            }
            page.lines.push(line);
        }
        if query.tail {
            page.lines.reverse();
        }
        Ok(page)
    }
}

/// An X-Ray segment document as a function sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its trace.
    pub trace_id: String,
    /// When it arrived.
    pub at: Timestamp,
    /// The JSON text.
    pub document: String,
}
