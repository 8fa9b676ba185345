//! Executions as API clients see them: get, list, stop.

use serde::{Deserialize, Serialize};

use crate::function::DurableConfig;
use crate::operation::ErrorObject;
use crate::timestamp::EpochSeconds;
use crate::wire_enum::{null_as_default, wire_enum};

wire_enum! {
    /// How far an execution has come.
    ExecutionStatus {
        /// Neither finished nor paused.
        Running = "RUNNING",
        /// Finished with a result.
        Succeeded = "SUCCEEDED",
        /// Finished with an error.
        Failed = "FAILED",
        /// Ended by its execution timeout.
        TimedOut = "TIMED_OUT",
        /// Ended by `StopDurableExecution`.
        Stopped = "STOPPED",
        /// Pausing as soon as the running invocation ends.
        Pausing = "PAUSING",
        /// Paused.
        Paused = "PAUSED",
        /// Being deleted.
        Deleting = "DELETING",
    }
}

/// Answer of `GET /2025-12-01/durable-executions/{DurableExecutionArn}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetDurableExecutionResponse {
    /// Function ARN with the resolved version, execution name, invocation id.
    pub durable_execution_arn: String,
    /// The name it was started with, or the one it was given.
    pub durable_execution_name: String,
    /// The function, qualified with the version the execution is pinned to.
    pub function_arn: String,
    /// The event it was started with; absent when execution data was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_payload: Option<String>,
    /// The result; only when `SUCCEEDED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Why it ended; only when `FAILED`, `TIMED_OUT` or `STOPPED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
    /// When it was started.
    pub start_timestamp: EpochSeconds,
    /// How far it has come.
    pub status: ExecutionStatus,
    /// When it reached a terminal status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_timestamp: Option<EpochSeconds>,
    /// `$LATEST`, `$LATEST.PUBLISHED`, or a version number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The trace the execution belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_header: Option<TraceHeader>,
    /// Whether input, result and error are part of this answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_data_included: Option<bool>,
    /// The function's durable configuration when the execution started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub durable_config: Option<DurableConfig>,
    /// When the execution timeout will end it; absent once terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_execution_timeout_timestamp: Option<EpochSeconds>,
    /// The pause; only when `PAUSING` or `PAUSED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_details: Option<PauseDetails>,
}

/// A pause that was requested or is in effect.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PauseDetails {
    /// When it was requested.
    pub pause_request_timestamp: EpochSeconds,
    /// Why; up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the execution timeout stands still meanwhile.
    pub execution_timeout_paused: bool,
}

/// Body of `POST /2025-12-01/durable-executions/{DurableExecutionArn}/pause`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PauseDurableExecutionRequest {
    /// 1–64 of `[\x21-\x7E]+`; the same for a retry of the same request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
    /// Why; up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the execution timeout stands still meanwhile; it does unless this says `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_timeout_paused: Option<bool>,
}

/// Body of `POST /2025-12-01/durable-executions/{DurableExecutionArn}/resume`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResumeDurableExecutionRequest {
    /// 1–64 of `[\x21-\x7E]+`; the same for a retry of the same request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
    /// Why; up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Answer of `DELETE /2025-12-01/durable-executions/{DurableExecutionArn}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteDurableExecutionResponse {
    /// When the deletion was requested.
    pub deletion_request_timestamp: EpochSeconds,
}

/// An X-Ray trace header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TraceHeader {
    /// `Root=…;Parent=…;Sampled=…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x_amzn_trace_id: Option<String>,
}

/// Answer of `GET /2025-12-01/functions/{FunctionName}/durable-executions`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListDurableExecutionsByFunctionResponse {
    /// Newest first unless the order was reversed.
    #[serde(default, deserialize_with = "null_as_default")]
    pub durable_executions: Vec<DurableExecutionSummary>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
}

/// One execution in a list. (The service model calls this shape `Execution`.)
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DurableExecutionSummary {
    /// Function ARN with the resolved version, execution name, invocation id.
    pub durable_execution_arn: String,
    /// The name it was started with, or the one it was given.
    pub durable_execution_name: String,
    /// The function, qualified with the version the execution is pinned to.
    pub function_arn: String,
    /// How far it has come.
    pub status: ExecutionStatus,
    /// When it was started.
    pub start_timestamp: EpochSeconds,
    /// When it reached a terminal status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_timestamp: Option<EpochSeconds>,
}

/// Answer of `POST /2025-12-01/durable-executions/{DurableExecutionArn}/stop`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StopDurableExecutionResponse {
    /// When the execution ended, by this request or before it.
    pub stop_timestamp: EpochSeconds,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_execution_has_no_terminal_members() {
        let response = GetDurableExecutionResponse {
            durable_execution_arn: "arn".into(),
            durable_execution_name: "order-1".into(),
            function_arn: "f:1".into(),
            start_timestamp: EpochSeconds(1.5),
            status: ExecutionStatus::Running,
            trace_header: Some(TraceHeader {
                x_amzn_trace_id: Some("Root=1".into()),
            }),
            ..GetDurableExecutionResponse::default()
        };
        let text = serde_json::to_string(&response).unwrap();
        assert_eq!(
            text,
            r#"{"DurableExecutionArn":"arn","DurableExecutionName":"order-1","FunctionArn":"f:1","StartTimestamp":1.5,"Status":"RUNNING","TraceHeader":{"XAmznTraceId":"Root=1"}}"#
        );
        let read: GetDurableExecutionResponse = serde_json::from_str(&text).unwrap();
        assert_eq!(read, response);
    }
}
