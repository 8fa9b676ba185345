//! How our enums are written in text columns: short words that a person can read.

use model::{EventSourceKind, ExecutionStatus, OperationStatus, OperationType, Version};
use store::LogStream;
use thiserror::Error;

/// A word in the database that this version of the program does not know.
#[derive(Debug, Error)]
#[error("`{word}` is not a {kind}")]
pub(crate) struct UnknownCode {
    kind: &'static str,
    word: String,
}

pub(crate) fn unknown(kind: &'static str, word: &str) -> UnknownCode {
    UnknownCode {
        kind,
        word: word.chars().take(64).collect(),
    }
}

/// A type that is written as a word.
pub(crate) trait Code: Sized {
    fn code(&self) -> &'static str;
    fn from_code(word: &str) -> Result<Self, UnknownCode>;
}

macro_rules! code {
    ($type:ty, $kind:literal, $($variant:path => $word:literal),+ $(,)?) => {
        impl Code for $type {
            fn code(&self) -> &'static str {
                match self {
                    $($variant => $word),+
                }
            }

            fn from_code(word: &str) -> Result<Self, UnknownCode> {
                match word {
                    $($word => Ok($variant),)+
                    _ => Err(unknown($kind, word)),
                }
            }
        }
    };
}

code!(
    ExecutionStatus, "status of an execution",
    ExecutionStatus::Running => "RUNNING",
    ExecutionStatus::Pausing => "PAUSING",
    ExecutionStatus::Paused => "PAUSED",
    ExecutionStatus::Succeeded => "SUCCEEDED",
    ExecutionStatus::Failed => "FAILED",
    ExecutionStatus::TimedOut => "TIMED_OUT",
    ExecutionStatus::Stopped => "STOPPED",
);

code!(
    OperationType, "type of operation",
    OperationType::Execution => "EXECUTION",
    OperationType::Context => "CONTEXT",
    OperationType::Step => "STEP",
    OperationType::Wait => "WAIT",
    OperationType::Callback => "CALLBACK",
    OperationType::ChainedInvoke => "CHAINED_INVOKE",
);

code!(
    OperationStatus, "status of an operation",
    OperationStatus::Started => "STARTED",
    OperationStatus::Pending => "PENDING",
    OperationStatus::Ready => "READY",
    OperationStatus::Succeeded => "SUCCEEDED",
    OperationStatus::Failed => "FAILED",
    OperationStatus::Cancelled => "CANCELLED",
    OperationStatus::TimedOut => "TIMED_OUT",
    OperationStatus::Stopped => "STOPPED",
);

code!(
    EventSourceKind, "kind of event source",
    EventSourceKind::HttpApi => "HTTP_API",
    EventSourceKind::RestApi => "REST_API",
    EventSourceKind::FunctionUrl => "FUNCTION_URL",
    EventSourceKind::Schedule => "SCHEDULE",
    EventSourceKind::Queue => "QUEUE",
);

code!(
    LogStream, "log stream",
    LogStream::Stdout => "STDOUT",
    LogStream::Stderr => "STDERR",
    LogStream::Platform => "PLATFORM",
);

/// Where the payload of an event lies when the event does not hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PayloadSource {
    ExecutionInput,
    ExecutionResult,
    OperationInput,
    OperationResult,
}

impl PayloadSource {
    pub const fn code(self) -> &'static str {
        match self {
            Self::ExecutionInput => "EXECUTION_INPUT",
            Self::ExecutionResult => "EXECUTION_RESULT",
            Self::OperationInput => "OPERATION_INPUT",
            Self::OperationResult => "OPERATION_RESULT",
        }
    }
}

/// The text of a version without an allocation for the common ones.
pub(crate) fn version_text(version: &Version) -> std::borrow::Cow<'static, str> {
    match version {
        Version::Latest => "$LATEST".into(),
        Version::Published(1) => "1".into(),
        Version::Published(_) => version.to_string().into(),
    }
}
