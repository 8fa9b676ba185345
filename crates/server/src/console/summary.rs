//! An execution as a row of a list: its status, and what it is doing.

use model::{
    ChainedTarget, Deadline, DeadlineReason, ErrorObject, ExecutionStatus, Invocation, Operation,
    OperationDetails, OperationStatus, Outcome, Timestamp,
};
use serde::Serialize;
use store::ExecutionSummary as Stored;
use utoipa::ToSchema;

use super::filter::status_word;
use crate::telemetry::advice;

/// Open operations that are shown of one execution.
const OPERATIONS_SHOWN: usize = 3;

/// Characters of an error's type and message in a list.
const ERROR_CHARS_MAX: usize = 300;

/// An execution, without payloads. Instants are epoch milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct ExecutionSummary {
    /// What its ARN ends with.
    pub execution_id: String,
    pub arn: String,
    pub name: String,
    pub function: String,
    /// The version that it is pinned to.
    pub version: String,
    pub status: Status,
    pub started_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
    /// Operations recorded, the execution itself included.
    pub operation_count: u32,
    /// Invocations begun.
    pub invocation_count: u64,
    /// What it is at; absent once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<Activity>,
    /// What comes due next; absent once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_wake_up: Option<WakeUp>,
    /// How it failed: the head of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorHead>,
    /// How its last invocation failed, when it fails one invocation after the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invocation_error: Option<ErrorHead>,
    /// Invocations in a row that failed.
    pub failed_invocations: u32,
}

/// Where an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Running,
    Pausing,
    Paused,
    Succeeded,
    Failed,
    TimedOut,
    Stopped,
}

impl From<ExecutionStatus> for Status {
    fn from(status: ExecutionStatus) -> Self {
        match status {
            ExecutionStatus::Running => Self::Running,
            ExecutionStatus::Pausing => Self::Pausing,
            ExecutionStatus::Paused => Self::Paused,
            ExecutionStatus::Succeeded => Self::Succeeded,
            ExecutionStatus::Failed => Self::Failed,
            ExecutionStatus::TimedOut => Self::TimedOut,
            ExecutionStatus::Stopped => Self::Stopped,
        }
    }
}

/// What an execution is at.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Activity {
    pub kind: ActivityKind,
    /// Since when, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_at: Option<i64>,
    /// The newest open operations.
    pub operations: Vec<OpenOperation>,
    /// Whether there are more than those.
    pub more: bool,
    /// Why it was paused, in the words of who did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// In what way an execution that has not ended goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ActivityKind {
    /// An invocation is at work.
    Running,
    /// It is suspended: nothing runs.
    Waiting,
    /// The last invocation failed; the next one follows.
    BackingOff,
    /// It is paused.
    Paused,
}

/// An operation that has begun and not ended.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct OpenOperation {
    pub operation_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `STEP`, `WAIT`, `CALLBACK` or `CHAINED_INVOKE`.
    #[serde(rename = "type")]
    pub operation_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_type: Option<String>,
    /// `STARTED`, `PENDING` or `READY`.
    pub status: &'static str,
    pub started_at: i64,
    /// When its wait ends, its next attempt begins, or its callback times out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_id: Option<String>,
    /// The function of a chained invoke.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
}

/// What comes due, and why.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct WakeUp {
    pub at: i64,
    pub reason: WakeReason,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<String>,
}

/// Why something comes due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum WakeReason {
    ExecutionTimeout,
    WaitElapsed,
    StepRetry,
    CallbackTimeout,
    CallbackHeartbeat,
    InvocationRetry,
    RetentionElapsed,
}

/// The head of an error.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct ErrorHead {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// Its first line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What to do about it, where its words tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl From<&Stored> for ExecutionSummary {
    fn from(stored: &Stored) -> Self {
        let Stored { spec, state, .. } = stored;
        let status = state.status();
        let is_open = !status.is_terminal();
        Self {
            execution_id: spec.arn.id.to_string(),
            arn: spec.arn.to_string(),
            name: spec.arn.name.to_string(),
            function: spec.arn.function.name.to_string(),
            version: spec.arn.version.to_string(),
            status: status.into(),
            started_at: spec.started_at.as_millis(),
            ended_at: state.ended_at.map(Timestamp::as_millis),
            operation_count: state.operation_count,
            invocation_count: state.invocation_count,
            activity: is_open.then(|| activity(stored)),
            next_wake_up: state
                .next_deadline
                .as_ref()
                .filter(|_| is_open)
                .map(WakeUp::from),
            error: state.outcome.as_ref().and_then(Outcome::error).map(head),
            invocation_error: stored.invocation_error.as_ref().map(head),
            failed_invocations: state.failed_invocations,
        }
    }
}

fn activity(stored: &Stored) -> Activity {
    let state = &stored.state;
    let (kind, since_at) = match (&state.pause, &state.invocation) {
        (Some(pause), _) if pause.in_effect_since.is_some() => {
            (ActivityKind::Paused, pause.in_effect_since)
        }
        (_, Invocation::Active { scheduled_at, .. }) => {
            (ActivityKind::Running, Some(*scheduled_at))
        }
        (_, Invocation::BackingOff { .. }) => (ActivityKind::BackingOff, None),
        (_, Invocation::Idle) => (ActivityKind::Waiting, None),
    };
    let operations = stored.open_operations.iter();
    Activity {
        kind,
        since_at: since_at.map(Timestamp::as_millis),
        operations: operations
            .take(OPERATIONS_SHOWN)
            .map(|operation| OpenOperation::from(&**operation))
            .collect(),
        more: stored.open_operations.len() > OPERATIONS_SHOWN,
        reason: state
            .pause
            .as_ref()
            .and_then(|it| it.reason.as_deref())
            .map(first_line),
    }
}

impl From<&Operation> for OpenOperation {
    fn from(operation: &Operation) -> Self {
        let mut shown = Self {
            operation_id: operation.id.to_string(),
            name: operation.name.clone(),
            operation_type: "",
            sub_type: operation.sub_type.clone(),
            status: operation_status(operation.status),
            started_at: operation.started_at.as_millis(),
            due_at: None,
            callback_id: None,
            function: None,
        };
        match &operation.details {
            OperationDetails::Execution { .. } => shown.operation_type = "EXECUTION",
            OperationDetails::Context { .. } => shown.operation_type = "CONTEXT",
            OperationDetails::Step {
                next_attempt_at, ..
            } => {
                shown.operation_type = "STEP";
                shown.due_at = next_attempt_at.map(Timestamp::as_millis);
            }
            OperationDetails::Wait {
                scheduled_end_at, ..
            } => {
                shown.operation_type = "WAIT";
                shown.due_at = Some(scheduled_end_at.as_millis());
            }
            OperationDetails::Callback {
                callback_id,
                timeout_seconds,
                ..
            } => {
                shown.operation_type = "CALLBACK";
                shown.callback_id = Some(callback_id.to_string());
                shown.due_at = timeout_seconds
                    .map(|timeout| operation.started_at.plus_seconds(timeout).as_millis());
            }
            OperationDetails::ChainedInvoke {
                function_name,
                target,
                ..
            } => {
                shown.operation_type = "CHAINED_INVOKE";
                shown.function = Some(match target {
                    ChainedTarget::Durable { function, .. }
                    | ChainedTarget::Plain { function, .. } => function.to_string(),
                    ChainedTarget::Unresolvable => function_name.clone(),
                });
            }
        }
        shown
    }
}

const fn operation_status(status: OperationStatus) -> &'static str {
    match status {
        OperationStatus::Started => "STARTED",
        OperationStatus::Pending => "PENDING",
        OperationStatus::Ready => "READY",
        OperationStatus::Succeeded => "SUCCEEDED",
        OperationStatus::Failed => "FAILED",
        OperationStatus::Cancelled => "CANCELLED",
        OperationStatus::TimedOut => "TIMED_OUT",
        OperationStatus::Stopped => "STOPPED",
    }
}

impl From<&Deadline> for WakeUp {
    fn from(deadline: &Deadline) -> Self {
        Self {
            at: deadline.at.as_millis(),
            reason: (&deadline.reason).into(),
            operation_id: deadline.reason.operation_id().map(ToString::to_string),
        }
    }
}

impl From<&DeadlineReason> for WakeReason {
    fn from(reason: &DeadlineReason) -> Self {
        match reason {
            DeadlineReason::ExecutionTimeout => Self::ExecutionTimeout,
            DeadlineReason::WaitElapsed(_) => Self::WaitElapsed,
            DeadlineReason::StepRetry(_) => Self::StepRetry,
            DeadlineReason::CallbackTimeout(_) => Self::CallbackTimeout,
            DeadlineReason::CallbackHeartbeat(_) => Self::CallbackHeartbeat,
            DeadlineReason::InvocationRetry => Self::InvocationRetry,
            DeadlineReason::RetentionElapsed => Self::RetentionElapsed,
        }
    }
}

fn head(error: &ErrorObject) -> ErrorHead {
    ErrorHead {
        error_type: error.error_type.as_deref().map(first_line),
        message: error.message.as_deref().map(first_line),
        advice: advice(error),
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(ERROR_CHARS_MAX).collect()
}

/// How many executions are in which status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct CountsByStatus(
    /// By AWS's words for them; those that nothing is in are left out.
    pub std::collections::BTreeMap<&'static str, u64>,
);

impl CountsByStatus {
    pub fn add(&mut self, status: ExecutionStatus, count: u64) {
        *self.0.entry(status_word(status)).or_insert(0) += count;
    }
}
