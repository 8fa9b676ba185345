//! Identifiers, each its own type, so that no order of arguments but the right one compiles.
//!
//! The grammars are those of AWS's service model (botocore `lambda` 2015-03-31).

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A text that is not a valid identifier of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a valid {kind}: it must be 1 to {chars_max} characters of {alphabet}")]
pub struct InvalidId {
    /// The kind of the text, for example `durable execution name`.
    pub kind: &'static str,
    /// The offending text, cut to 128 characters.
    pub text: String,
    /// The longest allowed length, in characters.
    pub chars_max: usize,
    /// The allowed characters, in words.
    pub alphabet: &'static str,
}

fn checked(
    text: &str,
    kind: &'static str,
    chars_max: usize,
    alphabet: &'static str,
    allowed: impl Fn(u8) -> bool,
) -> Result<Box<str>, InvalidId> {
    if !text.is_empty() && text.len() <= chars_max && text.bytes().all(allowed) {
        return Ok(text.into());
    }
    Err(InvalidId {
        kind,
        text: text.chars().take(128).collect(),
        chars_max,
        alphabet,
    })
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

fn visible(byte: u8) -> bool {
    (0x21..=0x7e).contains(&byte)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $max:literal, $alphabet:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// Checks the text against the identifier's grammar.
            ///
            /// # Errors
            /// [`InvalidId`] when the text is empty, too long, or has a character outside the alphabet.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                checked(text, $kind, $max, $alphabet, $allowed).map(Self)
            }

            /// The identifier's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.into()
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

id!(
    /// Identifies one durable execution everywhere: the last segment of its ARN, and at the same
    /// time the id of its EXECUTION operation. Ours are UUIDv7, so that they sort by start.
    ExecutionId, "durable execution id", 64, "`A-Z a-z 0-9 _ -`", word
);
id!(
    /// The name of a durable execution: given by the caller for idempotency, a UUID otherwise. The API takes 64
    /// characters; longer ones are those of state machines, whose executions have names that are spelled with more.
    ExecutionName, "durable execution name", 256, "`A-Z a-z 0-9 _ -`", word
);
id!(
    /// Identifies an operation within its execution; chosen by the SDK, opaque to us.
    OperationId, "operation id", 64, "`A-Z a-z 0-9 _ -`", word
);
id!(
    /// The unqualified name of a function.
    FunctionName, "function name", 140, "`A-Z a-z 0-9 _ -`", word
);
id!(
    /// An outside party presents it to complete a callback: base64 text.
    CallbackId, "callback id", 1024, "base64", base64
);
id!(
    /// A checkpoint must present it; every accepted one returns the next: base64 text.
    CheckpointToken, "checkpoint token", 2048, "base64", base64
);
id!(
    /// Makes a retried checkpoint request recognisable.
    ClientToken, "client token", 64, "visible ASCII", visible
);
id!(
    /// Identifies one invocation of a function process.
    RequestId, "request id", 64, "`A-Z a-z 0-9 _ -`", word
);

impl From<&ExecutionId> for OperationId {
    /// The EXECUTION operation carries the execution's id (protocol: the Python and Java SDKs look
    /// it up by the last segment of the ARN).
    fn from(id: &ExecutionId) -> Self {
        Self(id.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_to_their_grammar() {
        assert!(ExecutionName::parse("LOAN-1700000000-AB12").is_ok());
        assert!(ExecutionName::parse("").is_err());
        assert!(ExecutionName::parse("with space").is_err());
        assert!(ExecutionName::parse(&"x".repeat(257)).is_err());
        assert!(CallbackId::parse("abc+/=").is_ok());
        assert!(CallbackId::parse("abc:").is_err());
        assert!(ClientToken::parse("any!visible~").is_ok());
    }

    #[test]
    fn an_invalid_id_says_what_it_should_have_been() {
        let error = OperationId::parse("a b").expect_err("a space is not allowed");
        assert_eq!(
            error.to_string(),
            "`a b` is not a valid operation id: it must be 1 to 64 characters of `A-Z a-z 0-9 _ -`"
        );
    }
}
