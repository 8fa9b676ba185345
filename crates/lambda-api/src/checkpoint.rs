//! `CheckpointDurableExecution` and `GetDurableExecutionState`: how a function records and reads its progress.

use serde::{Deserialize, Serialize};

use crate::operation::ApiOperation;
use crate::update::OperationUpdate;
use crate::wire_enum::null_as_default;

/// Body of `POST /2025-12-01/durable-executions/{DurableExecutionArn}/checkpoint`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CheckpointDurableExecutionRequest {
    /// The token of the invocation event, or of the last response; empty when it was missing.
    #[serde(default)]
    pub checkpoint_token: String,
    /// Changes in the order in which they happened; empty to poll.
    #[serde(default, deserialize_with = "null_as_default")]
    pub updates: Vec<OperationUpdate>,
    /// Makes a repeated request answer like the first; 1–64 visible ASCII characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
}

/// Answer to an accepted checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CheckpointDurableExecutionResponse {
    /// The next token. Absent when this invocation may not checkpoint any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_token: Option<String>,
    /// The changes since the invocation last saw the state.
    #[serde(default, deserialize_with = "null_as_default")]
    pub new_execution_state: NewExecutionState,
}

/// Operations that changed, whole and in the order of their change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewExecutionState {
    /// The changed operations.
    #[serde(default, deserialize_with = "null_as_default")]
    pub operations: Vec<ApiOperation>,
    /// Where `GetDurableExecutionState` goes on; absent or empty on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
}

/// Answer of `GET /2025-12-01/durable-executions/{DurableExecutionArn}/state`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetDurableExecutionStateResponse {
    /// Operations in the order in which they were started.
    #[serde(default, deserialize_with = "null_as_default")]
    pub operations: Vec<ApiOperation>,
    /// Where the next page begins; absent or empty on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_may_be_absent_null_or_empty() {
        for text in [
            r#"{"CheckpointToken":"dA=="}"#,
            r#"{"CheckpointToken":"dA==","Updates":null}"#,
            r#"{"CheckpointToken":"dA==","Updates":[]}"#,
        ] {
            let request: CheckpointDurableExecutionRequest = serde_json::from_str(text).unwrap();
            assert_eq!(request.checkpoint_token, "dA==");
            assert!(request.updates.is_empty(), "{text}");
        }
    }

    #[test]
    fn response_without_a_token_leaves_the_member_out() {
        let response = CheckpointDurableExecutionResponse::default();
        let text = serde_json::to_string(&response).unwrap();
        assert_eq!(text, r#"{"NewExecutionState":{"Operations":[]}}"#);
        let read: CheckpointDurableExecutionResponse = serde_json::from_str(&text).unwrap();
        assert_eq!(read, response);
    }
}
