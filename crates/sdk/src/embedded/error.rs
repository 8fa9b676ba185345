//! What a program with its own executions can be told.

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
    /// A handler's name is none.
    #[error("handler {name:?}: {cause}")]
    HandlerName {
        /// The name.
        name: String,
        /// What is wrong with it.
        cause: InvalidId,
    },
    /// Two handlers have the same name.
    #[error("two handlers are called `{name}`: an execution could not tell which one it is of")]
    HandlerTwice {
        /// The name.
        name: String,
    },
    /// A handler's options leave its executions no time.
    #[error("handler `{name}`: {cause}")]
    HandlerOptions {
        /// Its name.
        name: String,
        /// What is wrong with them.
        cause: HandlerProblem,
    },
    /// A schedule cannot be used.
    #[error("schedule `{name}`: {cause}")]
    Schedule {
        /// Its name.
        name: String,
        /// What is wrong with it.
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
    /// The path cannot be a file's.
    #[error("`{path}` does not name a file")]
    Path {
        /// The path.
        path: PathBuf,
    },
}

/// What is wrong with the options of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandlerProblem {
    /// Every execution would have timed out when it starts.
    #[error(
        "an execution timeout of zero ends its executions before they begin: give it a second or more"
    )]
    NoTimeout,
    /// Nobody could ask for the result.
    #[error(
        "with a retention of zero days its executions are gone as soon as they end: keep them for a day or more"
    )]
    NoRetention,
}

/// What is wrong with a schedule.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleProblem {
    /// Its expression.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
    /// Its time zone.
    #[error("`{0}` is not a time zone of the IANA database, such as `Europe/Vienna`")]
    TimeZone(String),
    /// Its handler.
    #[error("there is no handler `{0}`")]
    NoHandler(String),
    /// Its name.
    #[error(transparent)]
    Name(InvalidId),
    /// There are two of that name.
    #[error("there are two of that name")]
    Twice,
    /// Its input.
    #[error("its input cannot be written as JSON: {0}")]
    Input(String),
}

/// Why something asked of the program was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No handler of that name is registered, or it is not a durable function.
    #[error("there is no durable handler `{0}`: register it with `Builder::handler`")]
    UnknownHandler(String),
    /// The name of an execution is none.
    #[error(transparent)]
    Name(#[from] InvalidId),
    /// An execution with this name was started with another input.
    #[error("execution `{arn}` was started with another input: a name identifies one input")]
    AlreadyStarted {
        /// That execution.
        arn: String,
    },
    /// There is no such execution, or no longer.
    #[error("there is no execution `{0}`")]
    UnknownExecution(String),
    /// The text names no callback.
    #[error("`{0}` is not a callback id")]
    CallbackId(String),
    /// It came too late, or was refused for another reason.
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
    /// The execution cannot be worked on: its records cannot be read, or something about it fails again and again. It is
    /// left alone, and the others go on.
    #[error("the execution is set aside: {reason}")]
    SetAside {
        /// What was attempted, and what went wrong.
        reason: String,
    },
    /// A value could not be turned into JSON or back.
    #[error("{0}")]
    Json(String),
    /// What was to be done within a transaction failed, and nothing of it is there.
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

// No `From`: what the engine's crates fail with is no part of what this one promises.
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
