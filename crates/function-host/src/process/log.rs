//! The log of one process: gives each line to the sink with the invocation that it belongs to, and keeps the latest ones.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::SystemTime;

use crate::function::FunctionConfig;
use crate::log::{LogLine, LogSink, LogStream};

/// How much of an invocation's log is kept for the caller: what `LogType=Tail` returns (Invoke API reference).
const TAIL_BYTES_MAX: usize = 4 * 1024;

pub(crate) struct ProcessLog {
    sink: Arc<dyn LogSink>,
    function: Arc<FunctionConfig>,
    log_stream_name: Arc<str>,
    request_id: Option<String>,
    tail: VecDeque<u8>,
}

impl ProcessLog {
    pub(crate) fn new(
        sink: Arc<dyn LogSink>,
        function: Arc<FunctionConfig>,
        log_stream_name: Arc<str>,
    ) -> ProcessLog {
        ProcessLog {
            sink,
            function,
            log_stream_name,
            request_id: None,
            tail: VecDeque::new(),
        }
    }

    /// Attributes further lines to an invocation, and forgets the tail of the one before.
    pub(crate) fn begin(&mut self, request_id: &str) {
        self.tail.clear();
        self.attribute(request_id);
    }

    /// Attributes further lines to an invocation, and keeps what was written before it: the cause of a failed start.
    pub(crate) fn attribute(&mut self, request_id: &str) {
        self.request_id = Some(request_id.to_owned());
    }

    pub(crate) fn stream_name(&self) -> &str {
        &self.log_stream_name
    }

    /// Returns the invocation that lines are attributed to.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    pub(crate) fn line(&mut self, stream: LogStream, text: String) {
        self.keep(text.as_bytes());
        self.keep(b"\n");
        self.sink.record(LogLine {
            function: Arc::clone(&self.function),
            log_stream_name: Arc::clone(&self.log_stream_name),
            request_id: self.request_id.clone(),
            at: SystemTime::now(),
            stream,
            text,
        });
    }

    pub(crate) fn platform(&mut self, text: String) {
        self.line(LogStream::Platform, text);
    }

    /// Returns the last 4 KiB since the invocation began.
    pub(crate) fn tail(&self) -> Vec<u8> {
        self.tail.iter().copied().collect()
    }

    fn keep(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(TAIL_BYTES_MAX)..];
        let excess = (self.tail.len() + bytes.len()).saturating_sub(TAIL_BYTES_MAX);
        self.tail.drain(..excess);
        self.tail.extend(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::DiscardLogs;

    #[test]
    fn the_tail_is_the_end_of_the_latest_invocation() {
        let function = FunctionConfig::for_tests();
        let mut log = ProcessLog::new(Arc::new(DiscardLogs), Arc::new(function), "s".into());
        log.platform("of the invocation before".into());
        log.begin("a-1");
        log.platform("START".into());
        assert_eq!(log.tail(), b"START\n");
        for number in 0..2000 {
            log.line(LogStream::Stdout, format!("line {number}"));
        }
        let tail = String::from_utf8(log.tail()).expect("only text was written");
        assert_eq!(tail.len(), TAIL_BYTES_MAX);
        assert!(tail.ends_with("line 1998\nline 1999\n"), "{tail}");
        log.line(LogStream::Stdout, "x".repeat(5000));
        assert_eq!(log.tail(), format!("{}\n", "x".repeat(4095)).into_bytes());
    }
}
