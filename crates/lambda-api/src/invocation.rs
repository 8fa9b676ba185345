//! The input and the output of a durable function's invocation.

use serde::{Deserialize, Serialize};

use crate::operation::{ErrorObject, InvocationOperation};
use crate::wire_enum::{null_as_default, wire_enum};

/// The event that the service delivers to a durable function.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InvocationInput {
    /// Which execution this invocation belongs to.
    pub durable_execution_arn: String,
    /// The token that the first checkpoint of this invocation must present.
    pub checkpoint_token: String,
    /// The operations recorded so far, the `EXECUTION` operation first.
    pub initial_execution_state: InitialExecutionState,
    /// Operations that the service changed since an invocation could last see them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_operation_ids: Option<Vec<String>>,
}

/// The recorded operations, or the first page of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InitialExecutionState {
    /// In the order in which they were started; the first page can be empty when a single one is very large.
    #[serde(default, deserialize_with = "null_as_default")]
    pub operations: Vec<InvocationOperation>,
    /// Where `GetDurableExecutionState` goes on; absent or empty on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
}

wire_enum! {
    /// How an invocation of a durable function ended.
    InvocationStatus {
        /// The handler returned; the execution is over.
        Succeeded = "SUCCEEDED",
        /// The handler failed; the execution is over.
        Failed = "FAILED",
        /// The handler waits for something recorded; the service invokes again when it is there.
        Pending = "PENDING",
    }
}

/// The answer of a durable function to the service.
///
/// `result` goes with `SUCCEEDED` only, `error` with `FAILED` only; the service refuses other combinations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InvocationOutput {
    /// How the invocation ended; `Unknown("")` when the member was missing.
    #[serde(default)]
    pub status: InvocationStatus,
    /// The serialised result; empty when it was checkpointed on the `EXECUTION` operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Why the execution failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_round_trips() {
        let text = r#"{"DurableExecutionArn":"arn:aws:lambda:us-east-1:000000000000:function:f:1/durable-execution/order-1/inv","CheckpointToken":"dA==","InitialExecutionState":{"Operations":[{"Id":"inv","Name":"order-1","Type":"EXECUTION","StartTimestamp":1767896523358,"Status":"STARTED","ExecutionDetails":{"InputPayload":"{\"a\":1}"}}],"NextMarker":""},"UpdatedOperationIds":[]}"#;
        let input: InvocationInput = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&input).unwrap(), text);
    }

    #[test]
    fn output_has_only_what_its_status_allows() {
        let output = InvocationOutput {
            status: InvocationStatus::Pending,
            result: None,
            error: None,
        };
        assert_eq!(
            serde_json::to_string(&output).unwrap(),
            r#"{"Status":"PENDING"}"#
        );
        let nonsense: InvocationOutput = serde_json::from_str(r#"{"hello":1}"#).unwrap();
        assert!(!nonsense.status.is_known());
    }
}
