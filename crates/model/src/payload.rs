//! The users' data in an execution: opaque text, and errors.

use std::fmt;
use std::sync::Arc;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Opaque text, normally JSON, as a function or a caller gave it. Cheap to clone: an operation and
/// the event that reports it share one allocation.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Payload(Arc<str>);

impl Payload {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Length in bytes of UTF-8, as every size limit counts it.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the text is empty, which AWS distinguishes from an absent payload.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Payload {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<Payload> for String {
    fn from(payload: Payload) -> Self {
        payload.as_str().to_owned()
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Copies the text once, whether it is escaped or not; by way of a `String` it would be twice.
impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Copying;

        impl Visitor<'_> for Copying {
            type Value = Payload;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Payload, E> {
                Ok(text.into())
            }
        }

        deserializer.deserialize_str(Copying)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// An error as a function, an outside party or the service reported it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ErrorObject {
    /// The message, for people.
    pub message: Option<String>,
    /// The kind of error, for programs.
    pub error_type: Option<String>,
    /// Anything else, machine-readable.
    pub data: Option<String>,
    /// One line a frame, innermost first.
    pub stack_trace: Option<Vec<String>>,
}

/// `Type: message`, as far as there are any.
impl fmt::Display for ErrorObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.error_type, &self.message) {
            (Some(kind), Some(message)) => write!(f, "{kind}: {message}"),
            (Some(text), None) | (None, Some(text)) => f.write_str(text),
            (None, None) => f.write_str("no reason was given"),
        }
    }
}

impl ErrorObject {
    /// An error with a type and a message.
    pub fn new(error_type: &str, message: impl Into<String>) -> Self {
        Self {
            message: Some(message.into()),
            error_type: Some(error_type.to_owned()),
            data: None,
            stack_trace: None,
        }
    }

    /// Bytes of all its text, as the size limit on error objects counts them.
    pub fn len(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let frames = self
            .stack_trace
            .iter()
            .flatten()
            .map(String::len)
            .sum::<usize>();
        text(&self.message) + text(&self.error_type) + text(&self.data) + frames
    }

    /// Whether nothing at all is said.
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }
}
