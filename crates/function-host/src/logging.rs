//! The format of a function's log, text or JSON, and the levels of lines that are kept.
//!
//! Levels apply only to the JSON format, as on Lambda.
//! Source: Lambda developer guide, "Configuring advanced logging controls for Lambda functions", read 2026-11.

use jiff::Timestamp;
use serde::Deserialize;

/// A function's `LoggingConfig`, as far as it affects its processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Logging {
    /// Becomes `AWS_LAMBDA_LOG_FORMAT`.
    pub format: LogFormat,
    /// The lowest level of the function's own lines that is kept; becomes `AWS_LAMBDA_LOG_LEVEL`.
    pub application_level: LogLevel,
    /// The lowest level of the platform's lines that is kept.
    pub system_level: LogLevel,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Plain text.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The level of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// `TRACE`.
    Trace,
    /// `DEBUG`.
    Debug,
    /// `INFO`.
    #[default]
    Info,
    /// `WARN`.
    Warn,
    /// `ERROR`.
    Error,
    /// `FATAL`.
    Fatal,
}

impl LogFormat {
    /// Reads `Text` or `JSON`.
    pub fn parse(name: &str) -> Option<LogFormat> {
        match name {
            "Text" => Some(LogFormat::Text),
            "JSON" => Some(LogFormat::Json),
            _ => None,
        }
    }

    /// The name as Lambda spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            LogFormat::Text => "Text",
            LogFormat::Json => "JSON",
        }
    }
}

impl LogLevel {
    /// Reads a level, also in common spellings of loggers: `warning` is `WARN`, and `CRITICAL` is `FATAL`.
    pub fn parse(name: &str) -> Option<LogLevel> {
        match &*name.to_ascii_uppercase() {
            "TRACE" => Some(LogLevel::Trace),
            "DEBUG" => Some(LogLevel::Debug),
            "INFO" => Some(LogLevel::Info),
            "WARN" | "WARNING" => Some(LogLevel::Warn),
            "ERROR" => Some(LogLevel::Error),
            "FATAL" | "CRITICAL" => Some(LogLevel::Fatal),
            _ => None,
        }
    }

    /// The name as Lambda spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            LogLevel::Trace => "TRACE",
            LogLevel::Debug => "DEBUG",
            LogLevel::Info => "INFO",
            LogLevel::Warn => "WARN",
            LogLevel::Error => "ERROR",
            LogLevel::Fatal => "FATAL",
        }
    }
}

impl Logging {
    /// Whether a line of the function is kept. Lambda filters only lines with a level and a time.
    pub(crate) fn keeps(&self, line: &str) -> bool {
        #[derive(Deserialize)]
        struct Line {
            level: String,
            timestamp: String,
        }
        if self.format == LogFormat::Text || !line.starts_with('{') {
            return true;
        }
        let Ok(read) = serde_json::from_str::<Line>(line) else {
            return true;
        };
        match LogLevel::parse(&read.level) {
            Some(level) if read.timestamp.parse::<Timestamp>().is_ok() => {
                level >= self.application_level
            }
            Some(_) | None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_below_the_level_are_left_out_where_they_say_so() {
        let mut logging = Logging {
            format: LogFormat::Json,
            application_level: LogLevel::Warn,
            system_level: LogLevel::Info,
        };
        let at = |level: &str| {
            format!(r#"{{"timestamp":"2026-01-01T00:00:00Z","level":"{level}","message":"x"}}"#)
        };
        assert!(!logging.keeps(&at("INFO")));
        assert!(!logging.keeps(&at("debug")));
        assert!(logging.keeps(&at("WARNING")));
        assert!(logging.keeps(&at("CRITICAL")));
        for line in [
            "plain",
            "{",
            r#"{"level":"INFO"}"#,
            r#"{"level":"INFO","timestamp":"now"}"#,
            r#"{"level":3,"timestamp":"2026-01-01T00:00:00Z"}"#,
            &at("of its own"),
        ] {
            assert!(logging.keeps(line), "{line}");
        }
        logging.format = LogFormat::Text;
        assert!(logging.keeps(&at("INFO")));
    }
}
