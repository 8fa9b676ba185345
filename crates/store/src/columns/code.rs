//! How enums are written in the text columns of databases: short words that a person can read.

use std::borrow::Cow;

use model::{EventSourceKind, ExecutionStatus, OperationStatus, OperationType, Version};
use thiserror::Error;

use crate::audit::AuditKind;
use crate::logs::LogStream;

/// A word in the database that this version of the program does not know.
#[derive(Debug, Error)]
#[error("`{word}` is not a {kind}")]
pub struct UnknownCode {
    kind: &'static str,
    word: String,
}

pub fn unknown(kind: &'static str, word: &str) -> UnknownCode {
    UnknownCode {
        kind,
        word: word.chars().take(64).collect(),
    }
}

/// A type that is written as a word.
pub trait Code: Sized {
    fn code(&self) -> &'static str;
    fn from_code(word: &str) -> Result<Self, UnknownCode>;
}

macro_rules! code {
    ($type:ident, $kind:literal, $($variant:ident = $word:literal),+ $(,)?) => {
        impl Code for $type {
            fn code(&self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            fn from_code(word: &str) -> Result<Self, UnknownCode> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(unknown($kind, word)),
                }
            }
        }
    };
}

code!(
    AuditKind,
    "kind of record of changes",
    Management = "MANAGEMENT",
    Data = "DATA",
);

code!(
    ExecutionStatus,
    "status of an execution",
    Running = "RUNNING",
    Pausing = "PAUSING",
    Paused = "PAUSED",
    Succeeded = "SUCCEEDED",
    Failed = "FAILED",
    TimedOut = "TIMED_OUT",
    Stopped = "STOPPED",
);

code!(
    OperationType,
    "type of operation",
    Execution = "EXECUTION",
    Context = "CONTEXT",
    Step = "STEP",
    Wait = "WAIT",
    Callback = "CALLBACK",
    ChainedInvoke = "CHAINED_INVOKE",
);

code!(
    OperationStatus,
    "status of an operation",
    Started = "STARTED",
    Pending = "PENDING",
    Ready = "READY",
    Succeeded = "SUCCEEDED",
    Failed = "FAILED",
    Cancelled = "CANCELLED",
    TimedOut = "TIMED_OUT",
    Stopped = "STOPPED",
);

code!(
    EventSourceKind,
    "kind of event source",
    HttpApi = "HTTP_API",
    RestApi = "REST_API",
    FunctionUrl = "FUNCTION_URL",
    Schedule = "SCHEDULE",
    Queue = "QUEUE",
    StateMachine = "STATE_MACHINE",
);

code!(
    LogStream,
    "log stream",
    Stdout = "STDOUT",
    Stderr = "STDERR",
    Platform = "PLATFORM",
);

/// The text of a version, without an allocation for the common ones.
pub fn version_text(version: &Version) -> Cow<'static, str> {
    match version {
        Version::Latest => Cow::Borrowed("$LATEST"),
        Version::Published(1) => Cow::Borrowed("1"),
        Version::Published(_) => Cow::Owned(version.to_string()),
    }
}
