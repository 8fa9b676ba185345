//! The log of one process: gives each line to the sink with the invocation that it belongs to, and keeps the latest ones.

use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

use super::attribution::Attribution;
use super::report::PlatformEvent;
use super::telemetry::{Subscriber, TelemetryType};
use crate::function::FunctionConfig;
use crate::log::{LogLine, LogSink, LogStream};
use crate::logging::LogFormat;
use crate::runtime_api::Subscription;

pub(crate) struct ProcessLog {
    sink: Arc<dyn LogSink>,
    function: Arc<FunctionConfig>,
    log_stream_name: Arc<str>,
    invocations: Attribution,
    subscribers: Vec<Subscriber>,
}

impl ProcessLog {
    pub(crate) fn new(
        sink: Arc<dyn LogSink>,
        function: Arc<FunctionConfig>,
        log_stream_name: Arc<str>,
    ) -> ProcessLog {
        ProcessLog {
            invocations: Attribution::new(function.invocations_per_process()),
            sink,
            function,
            log_stream_name,
            subscribers: Vec::new(),
        }
    }

    /// Attributes further lines to an invocation, and forgets earlier lines.
    pub(crate) fn begin(&mut self, request_id: &str) {
        self.invocations.begin(request_id);
    }

    /// Attributes further lines to an invocation that has not begun yet, and keeps earlier lines: they may have the
    /// cause of a failed start.
    pub(crate) fn attribute(&mut self, request_id: &str) {
        self.invocations.attribute(request_id);
    }

    /// Whether an invocation is one of the latest that the process has been given.
    pub(crate) fn has_begun(&self, request_id: &str) -> bool {
        self.invocations.has_begun(request_id)
    }

    /// Notes that an invocation has ended; returns the last 4 KiB of its log.
    pub(crate) fn end(&mut self, request_id: &str) -> Vec<u8> {
        self.invocations.end(request_id)
    }

    pub(crate) fn stream_name(&self) -> &str {
        &self.log_stream_name
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

    /// Sends further lines to an extension.
    pub(crate) fn subscribe(&mut self, subscription: Subscription, tasks: &TaskTracker) {
        self.subscribers.push(Subscriber::new(subscription, tasks));
    }

    /// Sends the remaining lines to extensions, and no later ones.
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

    /// A line in the form for extensions: a line of a JSON log as an object.
    fn record(&self, text: &str) -> Value {
        if self.function.logging.format == LogFormat::Json
            && text.starts_with('{')
            && let Ok(object) = serde_json::from_str(text)
        {
            return object;
        }
        text.into()
    }

    /// Writes an event of the platform, in the function's log format.
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
        let request_id = self.invocations.keep(&text);
        self.sink.record(LogLine {
            function: Arc::clone(&self.function),
            log_stream_name: Arc::clone(&self.log_stream_name),
            request_id,
            at: SystemTime::now(),
            stream,
            text,
        });
    }

    pub(crate) fn platform(&mut self, text: String) {
        self.line(LogStream::Platform, text);
    }
}

/// An instant in Lambda's format.
fn timestamp(at: SystemTime) -> String {
    let at = Timestamp::try_from(at).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
