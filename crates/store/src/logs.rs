//! The logs and traces of functions.

use model::{ExecutionId, FunctionName, RequestId, Timestamp, Version};

use crate::StoreFuture;

/// Where log lines and traces live: useful, bounded, and never in the way of an execution. A crash
/// may lose the last moments.
pub trait LogStore: Send + Sync + 'static {
    /// Takes lines; returns at once. When the writer cannot keep up, lines are dropped and counted,
    /// and a line that says how many takes their place.
    fn append(&self, lines: Vec<LogLine>);

    /// Takes a segment; returns at once.
    fn append_segment(&self, segment: Segment);

    /// A page of numbered lines. Sees every line that was appended before the call.
    fn lines(&self, query: LogQuery) -> StoreFuture<'_, LogPage>;

    /// The newest segments of a trace, at most `limit` and at most `bytes_max` of documents (but one at least), in
    /// order of arrival; of all traces when no trace is named.
    fn segments(
        &self,
        trace_id: Option<String>,
        limit: usize,
        bytes_max: usize,
    ) -> StoreFuture<'_, Vec<Segment>>;
}

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
