//! A recorded operation, as the service shows it to the function and to API clients.

use serde::{Deserialize, Serialize};

use crate::timestamp::{EpochMillis, EpochSeconds};
use crate::wire_enum::wire_enum;

wire_enum! {
    /// The type of an operation.
    OperationType {
        /// The execution itself; always the first operation.
        Execution = "EXECUTION",
        /// A child context, a map, a parallel, or one of their branches.
        Context = "CONTEXT",
        /// A step, or a condition that is polled.
        Step = "STEP",
        /// A timer.
        Wait = "WAIT",
        /// Something completed from outside through its callback id.
        Callback = "CALLBACK",
        /// The call of another function.
        ChainedInvoke = "CHAINED_INVOKE",
    }
}

wire_enum! {
    /// How far an operation has come.
    OperationStatus {
        /// Begun and not finished.
        Started = "STARTED",
        /// A step waiting for its next attempt.
        Pending = "PENDING",
        /// A step whose next attempt may start.
        Ready = "READY",
        /// Finished with a result.
        Succeeded = "SUCCEEDED",
        /// Finished with an error.
        Failed = "FAILED",
        /// A wait that was cancelled.
        Cancelled = "CANCELLED",
        /// A callback or chained invoke whose time ran out.
        TimedOut = "TIMED_OUT",
        /// A chained invoke whose execution was stopped.
        Stopped = "STOPPED",
    }
}

/// An operation with the timestamps of API bodies.
pub type ApiOperation = Operation<EpochSeconds>;

/// An operation with the timestamps of invocation events.
pub type InvocationOperation = Operation<EpochMillis>;

/// One operation of an execution, generic over how timestamps are spelled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Operation<T> {
    /// 1–64 characters of `[a-zA-Z0-9-_]`, unique within the execution.
    pub id: String,
    /// The enclosing context; absent at the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// The name the function gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The type of this operation.
    #[serde(default)]
    pub r#type: OperationType,
    /// The SDK's own subdivision of the type, such as `ParallelBranch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_type: Option<String>,
    /// When it was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timestamp: Option<T>,
    /// When it reached a terminal status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_timestamp: Option<T>,
    /// How far it has come.
    #[serde(default)]
    pub status: OperationStatus,
    /// Set for `EXECUTION`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_details: Option<ExecutionDetails>,
    /// Set for `CONTEXT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_details: Option<ContextDetails>,
    /// Set for `STEP`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_details: Option<StepDetails<T>>,
    /// Set for `WAIT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_details: Option<WaitDetails<T>>,
    /// Set for `CALLBACK`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_details: Option<CallbackDetails>,
    /// Set for `CHAINED_INVOKE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chained_invoke_details: Option<ChainedInvokeDetails>,
}

impl<T> Operation<T> {
    /// The same operation with every timestamp converted by `convert`.
    pub fn map_timestamps<U>(self, mut convert: impl FnMut(T) -> U) -> Operation<U> {
        Operation {
            id: self.id,
            parent_id: self.parent_id,
            name: self.name,
            r#type: self.r#type,
            sub_type: self.sub_type,
            start_timestamp: self.start_timestamp.map(&mut convert),
            end_timestamp: self.end_timestamp.map(&mut convert),
            status: self.status,
            execution_details: self.execution_details,
            context_details: self.context_details,
            step_details: self.step_details.map(|details| StepDetails {
                attempt: details.attempt,
                next_attempt_timestamp: details.next_attempt_timestamp.map(&mut convert),
                result: details.result,
                error: details.error,
            }),
            wait_details: self.wait_details.map(|details| WaitDetails {
                scheduled_end_timestamp: details.scheduled_end_timestamp.map(&mut convert),
            }),
            callback_details: self.callback_details,
            chained_invoke_details: self.chained_invoke_details,
        }
    }
}

/// The members of an `EXECUTION` operation alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExecutionDetails {
    /// The event the execution was started with, normally JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_payload: Option<String>,
}

/// The members of a `CONTEXT` operation alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContextDetails {
    /// The result is not stored in full: replay must run the context's body over its recorded children.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_children: Option<bool>,
    /// The serialised result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

/// The members of a `STEP` operation alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StepDetails<T> {
    /// Number of finished attempts; the attempt in progress is one more. Absent counts as 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// When the next attempt may start; only while `PENDING`.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub next_attempt_timestamp: Option<T>,
    /// The serialised result, or the state of a polled condition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Why the last attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

/// The members of a `WAIT` operation alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WaitDetails<T> {
    /// When the wait ends.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub scheduled_end_timestamp: Option<T>,
}

/// The members of a `CALLBACK` operation alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CallbackDetails {
    /// The name under which the outside world completes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_id: Option<String>,
    /// The bytes sent with success, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The error sent with failure, or the timeout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

/// The members of a `CHAINED_INVOKE` operation alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChainedInvokeDetails {
    /// The result of the invoked function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

/// An error as operations, executions and callbacks carry it. Every member is optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ErrorObject {
    /// The error, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// The error, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// Other data that the sender wants to pass on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_data: Option<String>,
    /// One entry per frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_trace: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operation_of_an_invocation_event_round_trips() {
        let text = r#"{"Id":"c4ca4238a0b92382","Name":"s","Type":"STEP","SubType":"Step","StartTimestamp":1767896523400,"EndTimestamp":1767896523500,"Status":"SUCCEEDED","StepDetails":{"Attempt":1,"Result":"42"}}"#;
        let operation: InvocationOperation = serde_json::from_str(text).unwrap();
        assert_eq!(operation.r#type, OperationType::Step);
        assert_eq!(
            operation.start_timestamp,
            Some(EpochMillis(1_767_896_523_400))
        );
        assert_eq!(serde_json::to_string(&operation).unwrap(), text);

        let api: ApiOperation = operation.map_timestamps(EpochSeconds::from);
        assert!(
            serde_json::to_string(&api)
                .unwrap()
                .contains("\"StartTimestamp\":1767896523.4,")
        );
    }

    #[test]
    fn what_a_newer_service_sends_is_kept_or_ignored() {
        let text = r#"{"Id":"1","Type":"TELEPORT","Status":"SHIMMERING","Colour":"blue"}"#;
        let operation: ApiOperation = serde_json::from_str(text).unwrap();
        assert_eq!(operation.r#type, OperationType::Unknown("TELEPORT".into()));
        assert_eq!(operation.status.as_str(), "SHIMMERING");
        assert!(!operation.status.is_known());
        assert_eq!(
            serde_json::to_string(&operation).unwrap(),
            r#"{"Id":"1","Type":"TELEPORT","Status":"SHIMMERING"}"#
        );
    }

    #[test]
    fn every_known_value_parses_to_itself() {
        for value in OperationStatus::VALUES {
            assert_eq!(OperationStatus::parse(value).unwrap().as_str(), *value);
        }
        assert_eq!(OperationStatus::parse("started"), None);
    }
}
