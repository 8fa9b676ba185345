//! The event history of an execution, one event after the other.

use serde::{Deserialize, Serialize};

use crate::operation::ErrorObject;
use crate::timestamp::EpochSeconds;
use crate::wire_enum::{null_as_default, wire_enum};

wire_enum! {
    /// The type of an event.
    EventType {
        /// The execution began.
        ExecutionStarted = "ExecutionStarted",
        /// The execution ended with a result.
        ExecutionSucceeded = "ExecutionSucceeded",
        /// The execution ended with an error.
        ExecutionFailed = "ExecutionFailed",
        /// The execution timeout ended it.
        ExecutionTimedOut = "ExecutionTimedOut",
        /// `StopDurableExecution` ended it.
        ExecutionStopped = "ExecutionStopped",
        /// A pause took effect.
        ExecutionPaused = "ExecutionPaused",
        /// A paused execution went on.
        ExecutionResumed = "ExecutionResumed",
        /// A context began.
        ContextStarted = "ContextStarted",
        /// A context ended with a result.
        ContextSucceeded = "ContextSucceeded",
        /// A context ended with an error.
        ContextFailed = "ContextFailed",
        /// A wait began.
        WaitStarted = "WaitStarted",
        /// A wait's time passed.
        WaitSucceeded = "WaitSucceeded",
        /// A wait was cancelled.
        WaitCancelled = "WaitCancelled",
        /// An attempt of a step began.
        StepStarted = "StepStarted",
        /// An attempt of a step ended with a result.
        StepSucceeded = "StepSucceeded",
        /// An attempt of a step failed.
        StepFailed = "StepFailed",
        /// A chained invoke began.
        ChainedInvokeStarted = "ChainedInvokeStarted",
        /// A chained invoke returned.
        ChainedInvokeSucceeded = "ChainedInvokeSucceeded",
        /// A chained invoke failed.
        ChainedInvokeFailed = "ChainedInvokeFailed",
        /// A chained invoke's execution timed out.
        ChainedInvokeTimedOut = "ChainedInvokeTimedOut",
        /// A chained invoke's execution was stopped.
        ChainedInvokeStopped = "ChainedInvokeStopped",
        /// A callback was created.
        CallbackStarted = "CallbackStarted",
        /// A callback was completed with a result.
        CallbackSucceeded = "CallbackSucceeded",
        /// A callback was completed with an error.
        CallbackFailed = "CallbackFailed",
        /// A callback's time or heartbeat ran out.
        CallbackTimedOut = "CallbackTimedOut",
        /// One call of the function ended.
        InvocationCompleted = "InvocationCompleted",
    }
}

/// Answer of `GET /2025-12-01/durable-executions/{DurableExecutionArn}/history`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetDurableExecutionHistoryResponse {
    /// Oldest first unless the order was reversed.
    #[serde(default, deserialize_with = "null_as_default")]
    pub events: Vec<Event>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
}

/// One event. Exactly the details member that its type names is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Event {
    /// The type of the event.
    pub event_type: EventType,
    /// The operation's sub type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_type: Option<String>,
    /// Position in the history: 1, 2, 3, … without gaps.
    pub event_id: i64,
    /// The operation's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The operation's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it happened.
    pub event_timestamp: EpochSeconds,
    /// The operation's enclosing context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// Set for `ExecutionStarted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_started_details: Option<ExecutionStartedDetails>,
    /// Set for `ExecutionSucceeded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_succeeded_details: Option<ResultDetails>,
    /// Set for `ExecutionFailed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_failed_details: Option<ErrorDetails>,
    /// Set for `ExecutionTimedOut`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_timed_out_details: Option<OptionalErrorDetails>,
    /// Set for `ExecutionStopped`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_stopped_details: Option<ErrorDetails>,
    /// Set for `ExecutionPaused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_paused_details: Option<ExecutionPausedDetails>,
    /// Set for `ExecutionResumed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_resumed_details: Option<ExecutionResumedDetails>,
    /// Set for `ContextStarted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_started_details: Option<EmptyDetails>,
    /// Set for `ContextSucceeded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_succeeded_details: Option<ResultDetails>,
    /// Set for `ContextFailed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_failed_details: Option<ErrorDetails>,
    /// Set for `WaitStarted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_started_details: Option<WaitStartedDetails>,
    /// Set for `WaitSucceeded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_succeeded_details: Option<WaitSucceededDetails>,
    /// Set for `WaitCancelled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_cancelled_details: Option<OptionalErrorDetails>,
    /// Set for `StepStarted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_started_details: Option<EmptyDetails>,
    /// Set for `StepSucceeded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_succeeded_details: Option<StepSucceededDetails>,
    /// Set for `StepFailed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_failed_details: Option<StepFailedDetails>,
    /// Set for `ChainedInvokeStarted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chained_invoke_started_details: Option<ChainedInvokeStartedDetails>,
    /// Set for `ChainedInvokeSucceeded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chained_invoke_succeeded_details: Option<ResultDetails>,
    /// Set for `ChainedInvokeFailed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chained_invoke_failed_details: Option<ErrorDetails>,
    /// Set for `ChainedInvokeTimedOut`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chained_invoke_timed_out_details: Option<ErrorDetails>,
    /// Set for `ChainedInvokeStopped`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chained_invoke_stopped_details: Option<ErrorDetails>,
    /// Set for `CallbackStarted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_started_details: Option<CallbackStartedDetails>,
    /// Set for `CallbackSucceeded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_succeeded_details: Option<ResultDetails>,
    /// Set for `CallbackFailed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_failed_details: Option<ErrorDetails>,
    /// Set for `CallbackTimedOut`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_timed_out_details: Option<ErrorDetails>,
    /// Set for `InvocationCompleted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocation_completed_details: Option<InvocationCompletedDetails>,
}

/// The event an execution or a chained invoke was started with.
pub type EventInput = EventPayload<String>;
/// A result.
pub type EventResult = EventPayload<String>;
/// An error.
pub type EventError = EventPayload<ErrorObject>;

/// Data inside an event, which a reader can ask to be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EventPayload<P> {
    /// The data; absent when there is none, or when it was left out.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub payload: Option<P>,
    /// Whether it was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
}

/// Details of `ExecutionPaused`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExecutionPausedDetails {
    /// When the pause was requested.
    pub pause_request_timestamp: EpochSeconds,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<EventPayload<String>>,
    /// Whether the execution timeout stands still meanwhile.
    pub execution_timeout_paused: bool,
}

/// Details of `ExecutionResumed`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExecutionResumedDetails {
    /// When the resume was requested.
    pub resume_request_timestamp: EpochSeconds,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<EventPayload<String>>,
}

/// Details with no members: `ContextStarted`, `StepStarted`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmptyDetails {}

/// Details that are just a result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResultDetails {
    /// The result.
    pub result: EventResult,
}

/// Details that are just an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ErrorDetails {
    /// The error.
    pub error: EventError,
}

/// Details that may have an error: `ExecutionTimedOut`, `WaitCancelled`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OptionalErrorDetails {
    /// The error, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<EventError>,
}

/// Details of `ExecutionStarted`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExecutionStartedDetails {
    /// The event it was started with.
    pub input: EventInput,
    /// Seconds until the execution timeout.
    pub execution_timeout: i64,
}

/// Details of `WaitStarted`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WaitStartedDetails {
    /// Seconds.
    pub duration: i64,
    /// When the wait ends.
    pub scheduled_end_timestamp: EpochSeconds,
}

/// Details of `WaitSucceeded`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WaitSucceededDetails {
    /// Seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<i64>,
}

/// Which attempt an event belongs to, and when the next comes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RetryDetails {
    /// 1 for the first attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_attempt: Option<u32>,
    /// Seconds until the next attempt; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_delay_seconds: Option<i64>,
}

/// Details of `StepSucceeded`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StepSucceededDetails {
    /// The result, or the state of a polled condition.
    pub result: EventResult,
    /// The attempt.
    pub retry_details: RetryDetails,
}

/// Details of `StepFailed`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StepFailedDetails {
    /// Why it failed.
    pub error: EventError,
    /// The attempt.
    pub retry_details: RetryDetails,
}

/// Details of `CallbackStarted`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CallbackStartedDetails {
    /// The name under which the outside world completes it.
    pub callback_id: String,
    /// Seconds between heartbeats; absent when there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_timeout: Option<i64>,
    /// Seconds until the callback times out; absent when there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i64>,
}

/// Details of `ChainedInvokeStarted`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChainedInvokeStartedDetails {
    /// The function as it was named.
    pub function_name: String,
    /// The tenant it was invoked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Its input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<EventInput>,
    /// The version that the name resolved to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executed_version: Option<String>,
    /// The execution that it started, when the function is durable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub durable_execution_arn: Option<String>,
}

/// Details of `InvocationCompleted`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InvocationCompletedDetails {
    /// When the invocation began.
    pub start_timestamp: EpochSeconds,
    /// When it ended.
    pub end_timestamp: EpochSeconds,
    /// The invocation's Lambda request id.
    pub request_id: String,
    /// Why it failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<EventError>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_round_trips() {
        let text = r#"{"EventType":"StepFailed","SubType":"Step","EventId":3,"Id":"1","Name":"charge","EventTimestamp":1767896523.358,"StepFailedDetails":{"Error":{"Payload":{"ErrorMessage":"no","ErrorType":"Refused"},"Truncated":false},"RetryDetails":{"CurrentAttempt":1,"NextAttemptDelaySeconds":5}}}"#;
        let event: Event = serde_json::from_str(text).unwrap();
        assert_eq!(event.event_type, EventType::StepFailed);
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
    }

    #[test]
    fn details_without_members_are_an_empty_object() {
        let text = r#"{"EventType":"ContextStarted","EventId":2,"EventTimestamp":1.5,"ContextStartedDetails":{}}"#;
        let event: Event = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
    }
}
