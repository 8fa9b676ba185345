//! One log line: its members in order, without duplicates, valid JSON, and of bounded size.

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use tracing::Level;

use crate::text::bounded;

/// Largest line in bytes; of a larger one only the facts and the head of the message are written.
/// Source: CloudWatch Logs quotas, "Event size", where 256 KiB is accepted everywhere (read 2026-11-23).
pub(super) const LINE_BYTES_MAX: usize = 256 * 1024;
/// Most members of a line. A struct logged field by field stays far below; a loop that records fields may not.
const MEMBERS_MAX: usize = 128;
/// Most bytes kept of one text: long enough for a stack of errors, too short for a payload.
pub(super) const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Most bytes kept of a text once the line was too large. JSON escapes turn one byte into six at the most, so that
/// all facts together stay below `LINE_BYTES_MAX`.
const SHORT_TEXT_BYTES_MAX: usize = 1024;
/// Names that only the logger itself writes.
const FACTS: [&str; 14] = [
    "timestamp",
    "level",
    "location",
    "message",
    "service",
    "cold_start",
    "function_name",
    "function_version",
    "function_memory_size",
    "function_arn",
    "function_request_id",
    "correlation_id",
    "xray_trace_id",
    "truncated",
];

/// A line under construction.
pub(super) struct Line {
    facts: Vec<(&'static str, Value)>,
    fields: Vec<(String, Value)>,
    truncated: bool,
}

impl Line {
    pub(super) fn new(
        now: Timestamp,
        level: Level,
        location: &str,
        message: &str,
        service: &str,
    ) -> Self {
        let mut line = Self {
            facts: Vec::with_capacity(FACTS.len()),
            fields: Vec::new(),
            truncated: false,
        };
        // Lambda filters by level only lines that carry an RFC 3339 timestamp (Developer Guide, "log level filtering").
        line.fact("timestamp", Some(format!("{now:.3}")));
        line.fact("level", Some(level.as_str()));
        line.fact("location", Some(location));
        line.fact("message", Some(bounded(message, TEXT_BYTES_MAX)));
        line.fact("service", Some(service));
        line
    }

    /// Adds one of the logger's own members, if it has a value.
    pub(super) fn fact(&mut self, name: &'static str, value: Option<impl Into<Value>>) {
        assert!(
            FACTS.contains(&name),
            "`{name}` must be reserved, or a field could take the same name"
        );
        if let Some(value) = value {
            self.facts.push((name, value.into()));
        }
    }

    /// Adds a member of the caller's, or replaces the member with that name.
    pub(super) fn set(&mut self, name: &str, value: Value) {
        // A field called `type` is written `r#type` in Rust; readers know it as `type`.
        let name = name.strip_prefix("r#").unwrap_or(name);
        let name = if FACTS.contains(&name) {
            format!("{name}_")
        } else {
            bounded(name, 256).into_owned()
        };
        let value = match value {
            Value::String(text) if text.len() > TEXT_BYTES_MAX => {
                bounded(&text, TEXT_BYTES_MAX).into()
            }
            other => other,
        };
        if let Some((_, slot)) = self.fields.iter_mut().find(|(key, _)| *key == name) {
            *slot = value;
        } else if self.fields.len() < MEMBERS_MAX - FACTS.len() {
            self.fields.push((name, value));
        } else {
            self.truncated = true;
        }
    }

    /// The bytes of the line, without the newline.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let bytes = self.to_bytes();
        if bytes.len() <= LINE_BYTES_MAX {
            return bytes;
        }
        self.truncated = true;
        self.fields.clear();
        for (_, value) in &mut self.facts {
            if let Value::String(text) = value {
                *text = bounded(text, SHORT_TEXT_BYTES_MAX).into_owned();
            }
        }
        let bytes = self.to_bytes();
        assert!(
            bytes.len() <= LINE_BYTES_MAX,
            "bounded facts fit into a line"
        );
        bytes
    }

    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts, numbers and JSON values always serialize")
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &self.facts {
            map.serialize_entry(name, value)?;
        }
        for (name, value) in &self.fields {
            map.serialize_entry(name, value)?;
        }
        if self.truncated {
            map.serialize_entry("truncated", &true)?;
        }
        map.end()
    }
}
