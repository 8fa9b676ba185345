//! The log of one process: gives each line to the sink with the invocation that it belongs to, and keeps the latest ones.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

use super::report::PlatformEvent;
use super::telemetry::{Subscriber, TelemetryType};
use crate::function::FunctionConfig;
use crate::log::{LogLine, LogSink, LogStream};
use crate::logging::LogFormat;
use crate::runtime_api::Subscription;

/// How much of an invocation's log is kept for the caller: what `LogType=Tail` returns (Invoke API reference).
const TAIL_BYTES_MAX: usize = 4 * 1024;

pub(crate) struct ProcessLog {
    sink: Arc<dyn LogSink>,
    function: Arc<FunctionConfig>,
    log_stream_name: Arc<str>,
    /// The invocation that lines belong to: while the process initializes, the one that it was started for.
    request_id: Option<String>,
    /// Whether the process has been given that invocation.
    begun: bool,
    tail: VecDeque<u8>,
    subscribers: Vec<Subscriber>,
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
            begun: false,
            tail: VecDeque::new(),
            subscribers: Vec::new(),
        }
    }

    /// Attributes further lines to an invocation, and forgets the tail of the one before.
    pub(crate) fn begin(&mut self, request_id: &str) {
        self.tail.clear();
        self.request_id = Some(request_id.to_owned());
        self.begun = true;
    }

    /// Attributes further lines to an invocation that has not begun yet, and keeps the tail: the cause of a failed start.
    pub(crate) fn attribute(&mut self, request_id: &str) {
        self.request_id = Some(request_id.to_owned());
        self.begun = false;
    }

    pub(crate) fn stream_name(&self) -> &str {
        &self.log_stream_name
    }

    /// Returns the latest invocation that the process has been given.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref().filter(|_| self.begun)
    }

    /// Takes a line that the process has written.
    pub(crate) fn output(&mut self, stream: LogStream, text: String) {
        if self.function.logging.keeps(&text) {
            self.tell(TelemetryType::Function, |log| {
                ("function", log.record(&text))
            });
            self.line(stream, text);
        }
    }

    /// Takes a line that an extension has written.
    pub(crate) fn extension_output(&mut self, text: String) {
        self.tell(TelemetryType::Extension, |log| {
            ("extension", log.record(&text))
        });
        self.line(LogStream::Stdout, text);
    }

    /// Has an extension told of what is written from here on.
    pub(crate) fn subscribe(&mut self, subscription: Subscription, tasks: &TaskTracker) {
        self.subscribers.push(Subscriber::new(subscription, tasks));
    }

    /// Has extensions told of what they were not told yet, and of nothing else.
    pub(crate) fn end_subscriptions(&mut self) {
        self.subscribers.clear();
    }

    fn tell(&mut self, kind: TelemetryType, what: impl FnOnce(&Self) -> (&'static str, Value)) {
        if self.subscribers.iter().any(|it| it.wants(kind)) {
            let (name, record) = what(self);
            let time = timestamp(SystemTime::now());
            let event = json!({ "time": time, "type": name, "record": record });
            let subscribers = self.subscribers.iter_mut().filter(|it| it.wants(kind));
            for subscriber in subscribers {
                subscriber.tell(event.clone());
            }
        }
    }

    /// A line as extensions get it: of a JSON log, the object that it is.
    fn record(&self, text: &str) -> Value {
        if self.function.logging.format == LogFormat::Json
            && text.starts_with('{')
            && let Ok(object) = serde_json::from_str(text)
        {
            return object;
        }
        text.into()
    }

    /// Writes what the platform tells, in the function's log format.
    pub(crate) fn event(&mut self, event: &PlatformEvent<'_>) {
        self.tell(TelemetryType::Platform, |_| event.json());
        let logging = self.function.logging;
        match logging.format {
            LogFormat::Text => {
                for line in event.text() {
                    self.platform(line);
                }
            }
            LogFormat::Json if event.level() >= logging.system_level => {
                let (kind, record) = event.json();
                let time = timestamp(SystemTime::now());
                let line = json!({ "time": time, "type": kind, "record": record });
                self.platform(line.to_string());
            }
            LogFormat::Json => {}
        }
    }

    fn line(&mut self, stream: LogStream, text: String) {
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

/// An instant as Lambda writes it.
fn timestamp(at: SystemTime) -> String {
    let at = Timestamp::try_from(at).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
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
            log.output(LogStream::Stdout, format!("line {number}"));
        }
        let tail = String::from_utf8(log.tail()).expect("only text was written");
        assert_eq!(tail.len(), TAIL_BYTES_MAX);
        assert!(tail.ends_with("line 1998\nline 1999\n"), "{tail}");
        log.output(LogStream::Stdout, "x".repeat(5000));
        assert_eq!(log.tail(), format!("{}\n", "x".repeat(4095)).into_bytes());
    }
}
