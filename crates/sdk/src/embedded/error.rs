//! Errors of a program with its own executions.

use std::path::PathBuf;

use lambda_api::{ErrorObject, ExecutionStatus};
use model::InvalidId;
use schedule::ExpressionError;
use store::StoreFault;
use store_sqlite::OpenStoreError;

use crate::error::{BoxError, Failure};

/// Why a program could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A handler's name is invalid.
    #[error("handler {name:?}: {cause}")]
    HandlerName {
        /// The name.
        name: String,
        /// The reason.
        cause: InvalidId,
    },
    /// Two handlers have the same name.
    #[error("two handlers are called `{name}`: an execution could not tell which one it is of")]
    HandlerTwice {
        /// The name.
        name: String,
    },
    /// A handler's options are invalid.
    #[error("handler `{name}`: {cause}")]
    HandlerOptions {
        /// Its name.
        name: String,
        /// The reason.
        cause: HandlerProblem,
    },
    /// A schedule cannot be used.
    #[error("schedule `{name}`: {cause}")]
    Schedule {
        /// Its name.
        name: String,
        /// The reason.
        cause: ScheduleProblem,
    },
    /// The file cannot be used.
    #[error(transparent)]
    Store(#[from] OpenStoreError),
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] StoreFault),
    /// The operating system gives no randomness.
    #[error("no randomness for ids and tokens: {0}")]
    Chance(BoxError),
    /// The path does not name a file.
    #[error("`{path}` does not name a file")]
    Path {
        /// The path.
        path: PathBuf,
    },
}

/// Why the options of a handler are invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandlerProblem {
    /// Every execution would time out as it starts.
    #[error(
        "an execution timeout of zero ends its executions before they begin: give it a second or more"
    )]
    NoTimeout,
    /// No caller could ask for the result.
    #[error(
        "with a retention of zero days its executions are gone as soon as they end: keep them for a day or more"
    )]
    NoRetention,
}

/// Why a schedule cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleProblem {
    /// Its expression is invalid.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
    /// Its time zone is unknown.
    #[error("`{0}` is not a time zone of the IANA database, such as `Europe/Vienna`")]
    TimeZone(String),
    /// Its handler is not registered, or not durable.
    #[error("there is no handler `{0}`")]
    NoHandler(String),
    /// Its name is invalid.
    #[error(transparent)]
    Name(InvalidId),
    /// Two schedules have this name.
    #[error("there are two of that name")]
    Twice,
    /// Its input cannot be turned into JSON.
    #[error("its input cannot be written as JSON: {0}")]
    Input(String),
}

/// Why a request to the program failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No handler of that name is registered, or it is not a durable function.
    #[error("there is no durable handler `{0}`: register it with `Builder::handler`")]
    UnknownHandler(String),
    /// The name of an execution is invalid.
    #[error(transparent)]
    Name(#[from] InvalidId),
    /// An execution with this name was started with another input.
    #[error("execution `{arn}` was started with another input: a name identifies one input")]
    AlreadyStarted {
        /// That execution.
        arn: String,
    },
    /// The execution does not exist, or no longer.
    #[error("there is no execution `{0}`")]
    UnknownExecution(String),
    /// The text is not the id of a callback.
    #[error("`{0}` is not a callback id")]
    CallbackId(String),
    /// The request came too late, or was refused for another reason.
    #[error("{0}")]
    Refused(String),
    /// The execution did not succeed.
    #[error("the execution {}: {}", shown(.status), told(.error.as_deref()))]
    Ended {
        /// How it ended.
        status: ExecutionStatus,
        /// Why.
        error: Option<Box<ErrorObject>>,
    },
    /// The execution cannot be worked on: its records cannot be read, or work on it fails again and again. The program
    /// leaves it alone, and goes on with the others.
    #[error("the execution is set aside: {reason}")]
    SetAside {
        /// The attempted action, and its failure.
        reason: String,
    },
    /// A value could not be turned into JSON or back.
    #[error("{0}")]
    Json(String),
    /// The body of a transaction failed, and none of its writes were kept.
    #[error("{0}")]
    Transaction(BoxError),
    /// The program's executions are kept in memory, without any tables beside them.
    #[error("there are no tables here: the executions are kept in memory, and not in a file")]
    NoTables,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The program is shutting down.
    #[error("the program is shutting down")]
    ShuttingDown,
}

fn shown(status: &ExecutionStatus) -> &'static str {
    match status {
        ExecutionStatus::TimedOut => "took longer than its timeout",
        ExecutionStatus::Stopped => "was stopped",
        _ => "failed",
    }
}

fn told(error: Option<&ErrorObject>) -> String {
    let Some(error) = error else {
        return "it did not say why".to_owned();
    };
    let kind = error.error_type.as_deref();
    let message = error.error_message.as_deref().unwrap_or_default();
    match kind {
        Some(kind) => format!("{kind}: {message}"),
        None => message.to_owned(),
    }
}

// No `From`: the error types of the engine's crates are no part of this crate's public interface.
impl Error {
    pub(super) fn of_payload(failure: Failure) -> Self {
        Self::Json(failure.message)
    }

    pub(super) fn of_process(error: runtime::ProcessError) -> Self {
        use runtime::ProcessError;
        match error {
            ProcessError::UnknownExecution(id) => Self::UnknownExecution(id.to_string()),
            ProcessError::ShuttingDown => Self::ShuttingDown,
            ProcessError::Fault(fault) => Self::Store(fault),
            refused @ (ProcessError::Rejected(_) | ProcessError::Contended(_)) => {
                Self::Refused(refused.to_string())
            }
            ProcessError::SetAside { reason, .. } => Self::SetAside { reason },
        }
    }

    pub(super) fn of_set_aside(aside: store::SetAside) -> Self {
        Self::SetAside {
            reason: format!("{}: {}", aside.attempted, aside.reason),
        }
    }

    pub(super) fn of_start(error: runtime::StartError) -> Self {
        use runtime::StartError;
        match error {
            StartError::AlreadyStarted(arn) => Self::AlreadyStarted {
                arn: arn.to_string(),
            },
            StartError::Fault(fault) => Self::Store(fault),
            StartError::ShuttingDown => Self::ShuttingDown,
        }
    }
}
