//! The platform's own log lines and messages, in Lambda's words, as text and as JSON.
//!
//! Source: Lambda developer guide, "Working with Lambda function logs", "Lambda execution environment lifecycle", and "Lambda
//! Telemetry API Event schema reference", and the protocol reference, section 5.1.

use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Map, Value, json};

use crate::logging::LogLevel;

/// Characters of an error type that a line shows: the function chose the type, and the text must stay one line.
const ERROR_TYPE_CHARS_MAX: usize = 128;

/// An event of a process that the platform logs.
pub(crate) enum PlatformEvent<'a> {
    /// The process was started.
    InitStart {
        function: &'a str,
        version: &'a str,
        initialization_type: &'static str,
    },
    /// Its initialization has ended.
    InitReport {
        duration: Duration,
        status: Status<'a>,
        initialization_type: &'static str,
    },
    /// An extension is ready, or has failed.
    Extension {
        name: &'a str,
        state: &'a str,
        events: &'a [&'static str],
        error_type: Option<&'a str>,
    },
    /// An invocation was delivered.
    Start {
        request_id: &'a str,
        version: &'a str,
    },
    /// The runtime has answered, or cannot answer any more.
    RuntimeDone {
        request_id: &'a str,
        duration: Duration,
        status: Status<'a>,
    },
    /// An invocation has ended.
    Report(Report<'a>),
}

impl PlatformEvent<'_> {
    /// The lines of a text log; some events have none.
    pub(crate) fn text(&self) -> Vec<String> {
        match self {
            PlatformEvent::InitStart { .. } | PlatformEvent::RuntimeDone { .. } => Vec::new(),
            // A successful initialization appears in the first `REPORT`.
            PlatformEvent::InitReport {
                status: Status::Success,
                ..
            } => Vec::new(),
            PlatformEvent::InitReport {
                duration, status, ..
            } => {
                vec![init_report_line(*duration, *status)]
            }
            PlatformEvent::Extension {
                name,
                state,
                events,
                error_type,
            } => {
                let events = events.join(", ");
                let mut line =
                    format!("EXTENSION\tName: {name}\tState: {state}\tEvents: [{events}]");
                if let Some(error_type) = error_type {
                    push(&mut line, format_args!("\tError Type: {error_type}"));
                }
                vec![line]
            }
            PlatformEvent::Start {
                request_id,
                version,
            } => vec![start_line(request_id, version)],
            PlatformEvent::Report(report) => {
                vec![end_line(report.request_id), report_line(report)]
            }
        }
    }

    /// The event's type and record, as in a JSON log and for the Telemetry API.
    pub(crate) fn json(&self) -> (&'static str, Value) {
        let mut record = Map::new();
        let mut put = |name: &str, value: Value| drop(record.insert(name.to_owned(), value));
        let kind = match self {
            PlatformEvent::InitStart {
                function,
                version,
                initialization_type,
            } => {
                put("initializationType", (*initialization_type).into());
                put("phase", "init".into());
                put("functionName", (*function).into());
                put("functionVersion", (*version).into());
                "platform.initStart"
            }
            PlatformEvent::InitReport {
                duration,
                status,
                initialization_type,
            } => {
                put("initializationType", (*initialization_type).into());
                put("phase", "init".into());
                put("metrics", json!({ "durationMs": hundredths(*duration) }));
                status.put(&mut put);
                "platform.initReport"
            }
            PlatformEvent::Extension {
                name,
                state,
                events,
                error_type,
            } => {
                put("name", (*name).into());
                put("state", (*state).into());
                put("events", (*events).into());
                if let Some(error_type) = error_type {
                    put("errorType", (*error_type).into());
                }
                "platform.extension"
            }
            PlatformEvent::Start {
                request_id,
                version,
            } => {
                put("requestId", (*request_id).into());
                put("version", (*version).into());
                "platform.start"
            }
            PlatformEvent::RuntimeDone {
                request_id,
                duration,
                status,
            } => {
                put("requestId", (*request_id).into());
                put("metrics", json!({ "durationMs": hundredths(*duration) }));
                status.put(&mut put);
                "platform.runtimeDone"
            }
            PlatformEvent::Report(report) => {
                let mut metrics = json!({ "durationMs": hundredths(report.duration) });
                if report.is_alone {
                    metrics["billedDurationMs"] = milliseconds(report.duration).ceil().into();
                    metrics["memorySizeMB"] = report.memory_mb.into();
                    if let Some(bytes) = report.max_rss_bytes {
                        metrics["maxMemoryUsedMB"] = bytes.div_ceil(1024 * 1024).into();
                    }
                }
                if report.is_alone
                    && let Some(duration) = report.init_duration
                {
                    metrics["initDurationMs"] = hundredths(duration).into();
                }
                put("requestId", report.request_id.into());
                put("metrics", metrics);
                report.status.put(&mut put);
                "platform.report"
            }
        };
        (kind, Value::Object(record))
    }

    /// Its level. Source: Lambda developer guide, "Log level filtering", the table of system logs.
    pub(crate) fn level(&self) -> LogLevel {
        match self {
            PlatformEvent::InitStart { .. } | PlatformEvent::Start { .. } => LogLevel::Info,
            PlatformEvent::Extension { error_type, .. } => match error_type {
                None => LogLevel::Info,
                Some(_) => LogLevel::Warn,
            },
            PlatformEvent::RuntimeDone { status, .. } => match status {
                Status::Success => LogLevel::Debug,
                Status::Error { .. } | Status::Timeout => LogLevel::Warn,
            },
            PlatformEvent::InitReport { status, .. }
            | PlatformEvent::Report(Report { status, .. }) => match status {
                Status::Success => LogLevel::Info,
                Status::Error { .. } | Status::Timeout => LogLevel::Warn,
            },
        }
    }
}

/// The content of a `REPORT` line.
pub(crate) struct Report<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) duration: Duration,
    pub(crate) memory_mb: u32,
    pub(crate) max_rss_bytes: Option<u64>,
    pub(crate) init_duration: Option<Duration>,
    pub(crate) status: Status<'a>,
    /// Whether its process had no other invocation meanwhile. Otherwise memory and costs do not belong to one
    /// invocation; Lambda leaves them out for managed instances.
    pub(crate) is_alone: bool,
}

impl Status<'_> {
    fn put(self, put: &mut impl FnMut(&str, Value)) {
        match self {
            Status::Success => put("status", "success".into()),
            Status::Timeout => put("status", "timeout".into()),
            Status::Error { error_type } => {
                put("status", "error".into());
                put("errorType", printable(error_type).into());
            }
        }
    }
}

/// How an invocation or initialization ended, for its report.
#[derive(Clone, Copy)]
pub(crate) enum Status<'a> {
    Success,
    Error { error_type: &'a str },
    Timeout,
}

fn start_line(request_id: &str, version: &str) -> String {
    format!("START RequestId: {request_id} Version: {version}")
}

fn end_line(request_id: &str) -> String {
    format!("END RequestId: {request_id}")
}

fn report_line(report: &Report<'_>) -> String {
    let milliseconds = milliseconds(report.duration);
    // Lambda bills whole milliseconds, rounded up.
    let billed = milliseconds.ceil();
    let mut line = format!(
        "REPORT RequestId: {}\tDuration: {milliseconds:.2} ms\tBilled Duration: {billed:.0} ms\tMemory Size: {} MB",
        report.request_id, report.memory_mb,
    );
    if let Some(bytes) = report.max_rss_bytes {
        push(
            &mut line,
            format_args!("\tMax Memory Used: {} MB", bytes.div_ceil(1024 * 1024)),
        );
    }
    if let Some(init_duration) = report.init_duration {
        push(
            &mut line,
            format_args!(
                "\tInit Duration: {:.2} ms",
                self::milliseconds(init_duration)
            ),
        );
    }
    push_status(&mut line, report.status);
    line
}

/// Written for an initialization that failed; a successful one appears in the first `REPORT`.
fn init_report_line(duration: Duration, status: Status<'_>) -> String {
    let mut line = format!(
        "INIT_REPORT Init Duration: {:.2} ms\tPhase: init",
        milliseconds(duration)
    );
    push_status(&mut line, status);
    line
}

pub(crate) fn timeout_message(request_id: &str, limit: Duration) -> String {
    format!(
        "RequestId: {request_id} Error: Task timed out after {:.2} seconds",
        limit.as_secs_f64()
    )
}

pub(crate) fn exit_message(request_id: &str, status: ExitStatus) -> String {
    if status.success() {
        return format!("RequestId: {request_id} Error: Runtime exited without providing a reason");
    }
    format!(
        "RequestId: {request_id} Error: Runtime exited with error: {}",
        describe(status)
    )
}

/// Describes an exit status like Go's standard library, from which Lambda's messages come.
pub(crate) fn describe(status: ExitStatus) -> String {
    if let Some(code) = status.code() {
        return format!("exit status {code}");
    }
    let name = match status.signal().map(Signal::try_from) {
        Some(Ok(Signal::SIGHUP)) => "hangup",
        Some(Ok(Signal::SIGINT)) => "interrupt",
        Some(Ok(Signal::SIGQUIT)) => "quit",
        Some(Ok(Signal::SIGILL)) => "illegal instruction",
        Some(Ok(Signal::SIGTRAP)) => "trace/breakpoint trap",
        Some(Ok(Signal::SIGABRT)) => "aborted",
        Some(Ok(Signal::SIGBUS)) => "bus error",
        Some(Ok(Signal::SIGFPE)) => "floating point exception",
        Some(Ok(Signal::SIGKILL)) => "killed",
        Some(Ok(Signal::SIGSEGV)) => "segmentation fault",
        Some(Ok(Signal::SIGPIPE)) => "broken pipe",
        Some(Ok(Signal::SIGTERM)) => "terminated",
        Some(Ok(other)) => return format!("signal: {}", other.as_str()),
        Some(Err(_)) | None => return format!("{status}"),
    };
    format!("signal: {name}")
}

fn push_status(line: &mut String, status: Status<'_>) {
    match status {
        Status::Success => {}
        Status::Error { error_type } => {
            let shown = printable(error_type);
            push(line, format_args!("\tStatus: error\tError Type: {shown}"));
        }
        Status::Timeout => push(line, format_args!("\tStatus: timeout")),
    }
}

fn printable(error_type: &str) -> String {
    let printable = error_type.chars().filter(|char| !char.is_control());
    printable.take(ERROR_TYPE_CHARS_MAX).collect()
}

fn push(line: &mut String, text: std::fmt::Arguments<'_>) {
    line.write_fmt(text).expect("writing to memory cannot fail");
}

/// Milliseconds with two decimal places, as Lambda shows them.
fn hundredths(duration: Duration) -> f64 {
    (milliseconds(duration) * 100.0).round() / 100.0
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_read_as_on_lambda() {
        let mut report = Report {
            request_id: "a-1",
            duration: Duration::from_micros(12_345),
            memory_mb: 256,
            max_rss_bytes: Some(33 * 1024 * 1024 + 1),
            init_duration: Some(Duration::from_millis(70)),
            status: Status::Success,
            is_alone: true,
        };
        assert_eq!(
            report_line(&report),
            "REPORT RequestId: a-1\tDuration: 12.35 ms\tBilled Duration: 13 ms\tMemory Size: 256 MB\tMax Memory Used: 34 MB\tInit Duration: 70.00 ms"
        );
        (report.init_duration, report.max_rss_bytes, report.status) = (None, None, Status::Timeout);
        assert_eq!(
            report_line(&report),
            "REPORT RequestId: a-1\tDuration: 12.35 ms\tBilled Duration: 13 ms\tMemory Size: 256 MB\tStatus: timeout"
        );
        let error_type = "Runtime.ExitError";
        assert_eq!(
            init_report_line(Duration::from_secs(1), Status::Error { error_type }),
            "INIT_REPORT Init Duration: 1000.00 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError"
        );
        let error_type = &format!("forged\nEND RequestId: {}", "x".repeat(1000));
        let line = init_report_line(Duration::ZERO, Status::Error { error_type });
        assert!(!line.contains('\n') && line.len() < 250, "{line}");
    }

    #[test]
    fn json_reports_have_lambdas_fields() {
        let event = PlatformEvent::Report(Report {
            request_id: "a-1",
            duration: Duration::from_micros(12_345),
            memory_mb: 256,
            max_rss_bytes: Some(33 * 1024 * 1024 + 1),
            init_duration: Some(Duration::from_millis(70)),
            status: Status::Timeout,
            is_alone: true,
        });
        assert_eq!(event.level(), LogLevel::Warn);
        let (kind, record) = event.json();
        assert_eq!(kind, "platform.report");
        assert_eq!(
            record,
            json!({
                "requestId": "a-1",
                "metrics": {
                    "durationMs": 12.35, "billedDurationMs": 13.0, "memorySizeMB": 256, "maxMemoryUsedMB": 34,
                    "initDurationMs": 70.0,
                },
                "status": "timeout",
            })
        );
    }

    #[test]
    fn exits_read_as_on_lambda() {
        for (raw, expected) in [
            (0x0000, "Runtime exited without providing a reason"),
            (0x0100, "Runtime exited with error: exit status 1"),
            (0x0009, "Runtime exited with error: signal: killed"),
            (
                0x008b,
                "Runtime exited with error: signal: segmentation fault",
            ),
        ] {
            let message = exit_message("a-1", ExitStatus::from_raw(raw));
            assert_eq!(message, format!("RequestId: a-1 Error: {expected}"));
        }
        let limit = Duration::from_millis(3250);
        assert_eq!(
            timeout_message("a-1", limit),
            "RequestId: a-1 Error: Task timed out after 3.25 seconds"
        );
    }
}
