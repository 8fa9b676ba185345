//! The errors of states.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Matches every error that may be handled.
pub const ALL: &str = "States.ALL";
/// A task or the execution took longer than `TimeoutSeconds`.
pub const TIMEOUT: &str = "States.Timeout";
/// A task sent no heartbeat for `HeartbeatSeconds`.
pub const HEARTBEAT_TIMEOUT: &str = "States.HeartbeatTimeout";
/// Matches every error of a task but a timeout.
pub const TASK_FAILED: &str = "States.TaskFailed";
/// The definition requires something impossible with this input. Never caught, never retried.
pub const RUNTIME: &str = "States.Runtime";
/// A path of a payload template has no value in the input.
pub const PARAMETER_PATH_FAILURE: &str = "States.ParameterPathFailure";
/// `ResultPath` cannot be applied to the input.
pub const RESULT_PATH_MATCH_FAILURE: &str = "States.ResultPathMatchFailure";
/// An intrinsic function does not accept its arguments.
pub const INTRINSIC_FAILURE: &str = "States.IntrinsicFailure";
/// No rule of a Choice state matched, and it has no default.
pub const NO_CHOICE_MATCHED: &str = "States.NoChoiceMatched";
/// A branch of a Parallel state failed.
pub const BRANCH_FAILED: &str = "States.BranchFailed";
/// More items of a Map state failed than it tolerates.
pub const EXCEED_TOLERATED_FAILURE_THRESHOLD: &str = "States.ExceedToleratedFailureThreshold";
/// The items of a Map state could not be read.
pub const ITEM_READER_FAILED: &str = "States.ItemReaderFailed";
/// The results of a Map state could not be written.
pub const RESULT_WRITER_FAILED: &str = "States.ResultWriterFailed";
/// A payload is larger than a state's limit. Matched by `States.ALL` only if it is a Task's own result.
pub const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
/// A JSONata expression failed, has no value, or has a value of the wrong type.
pub const QUERY_EVALUATION_ERROR: &str = "States.QueryEvaluationError";

/// Names with the prefix `States.` that have a meaning; others are reserved.
/// Source: Amazon States Language specification, appendix A; Step Functions developer guide, error names.
pub const RESERVED: &[&str] = &[
    ALL,
    TIMEOUT,
    HEARTBEAT_TIMEOUT,
    TASK_FAILED,
    RUNTIME,
    PARAMETER_PATH_FAILURE,
    RESULT_PATH_MATCH_FAILURE,
    INTRINSIC_FAILURE,
    NO_CHOICE_MATCHED,
    BRANCH_FAILED,
    EXCEED_TOLERATED_FAILURE_THRESHOLD,
    ITEM_READER_FAILED,
    RESULT_WRITER_FAILED,
    DATA_LIMIT_EXCEEDED,
    QUERY_EVALUATION_ERROR,
    "States.Permissions",
    "States.Http.Socket",
];

/// The failure of a state: a name that retriers and catchers match, and a cause for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateError {
    /// The error name, such as `States.Timeout`.
    pub error: String,
    /// The cause, for people.
    pub cause: String,
    /// The part of the state that failed.
    #[serde(skip)]
    pub origin: Origin,
}

/// The part of a state that failed, if it makes a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Anything else, and everything that failed in another state.
    #[default]
    Other,
    /// A JSONata evaluation that failed, or whose value the state cannot use.
    Evaluation {
        /// The field, such as `Output/total`; `None` if it was the state's input.
        location: Option<String>,
    },
    /// The result of a Task, which is too large.
    TaskResult,
}

impl StateError {
    /// An error with this name and cause.
    pub fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            cause: cause.into(),
            origin: Origin::Other,
        }
    }

    /// A `States.QueryEvaluationError` of a field, or of the state's input.
    pub fn query_evaluation(cause: impl Into<String>, location: Option<&str>) -> Self {
        let location = location.map(str::to_owned);
        Self {
            origin: Origin::Evaluation { location },
            ..Self::new(QUERY_EVALUATION_ERROR, cause)
        }
    }

    /// The result of a Task is larger than a state's output may be; `task` is the name of its resource.
    #[must_use]
    pub fn task_result_too_large(task: &str) -> Self {
        Self {
            origin: Origin::TaskResult,
            ..Self::too_large(task)
        }
    }

    /// A state's output is too large.
    #[must_use]
    pub fn too_large(name: &str) -> Self {
        let cause = format!(
            "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
        );
        Self::new(DATA_LIMIT_EXCEEDED, cause)
    }

    /// The definition requires something impossible.
    pub fn runtime(cause: impl Into<String>) -> Self {
        Self::new(RUNTIME, cause)
    }

    /// The output of a catcher, and `$states.errorOutput`.
    #[must_use]
    pub fn output(&self) -> serde_json::Value {
        serde_json::json!({ "Error": self.error, "Cause": self.cause })
    }

    /// Whether one of the names in `ErrorEquals` matches this error.
    ///
    /// `States.ALL` excludes the errors that no handler can fix, and `States.TaskFailed` excludes `States.Timeout` as
    /// well. The developer guide lists `States.DataLimitExceeded` among them without exception; histories that AWS
    /// recorded show that `States.ALL` catches it for the Task whose own result is too large.
    #[must_use]
    pub fn matches(&self, error_equals: &[String]) -> bool {
        let is_terminal = self.origin != Origin::TaskResult
            && [RUNTIME, DATA_LIMIT_EXCEEDED].contains(&self.error.as_str());
        error_equals.iter().any(|name| match name.as_str() {
            ALL => !is_terminal,
            TASK_FAILED => !is_terminal && self.error != TIMEOUT,
            // A missed heartbeat is a timeout too.
            TIMEOUT => self.error == TIMEOUT || self.error == HEARTBEAT_TIMEOUT,
            RUNTIME => false,
            name => name == self.error,
        })
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.error, self.cause)
    }
}

impl std::error::Error for StateError {}

/// Characters of a value that an error message shows.
const SHOWN_MAX: usize = 512;

/// A value as error messages show it.
pub(crate) fn shortened(value: &serde_json::Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_leave_out_what_nobody_can_handle() {
        let matches =
            |error: &str, name: &str| StateError::new(error, "").matches(&[name.to_owned()]);
        assert!(matches("Own", ALL) && matches(TIMEOUT, ALL));
        assert!(!matches(RUNTIME, ALL) && !matches(DATA_LIMIT_EXCEEDED, ALL));
        assert!(matches("Own", TASK_FAILED) && !matches(TIMEOUT, TASK_FAILED));
        assert!(matches(DATA_LIMIT_EXCEEDED, DATA_LIMIT_EXCEEDED));
        let of_task = StateError::task_result_too_large("lambda");
        assert!(of_task.matches(&[ALL.to_owned()]) && of_task.matches(&[TASK_FAILED.to_owned()]));
        assert!(matches(HEARTBEAT_TIMEOUT, TIMEOUT) && !matches("Own", "Other"));
    }
}
