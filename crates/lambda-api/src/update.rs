//! An operation update: one change that a function checkpoints.

use serde::{Deserialize, Serialize};

use crate::operation::{ErrorObject, OperationType};
use crate::wire_enum::wire_enum;

wire_enum! {
    /// The effect of an update on its operation.
    OperationAction {
        /// Begins it.
        Start = "START",
        /// Ends it with a result.
        Succeed = "SUCCEED",
        /// Ends it with an error.
        Fail = "FAIL",
        /// Ends a step's attempt and schedules the next.
        Retry = "RETRY",
        /// Ends a wait early.
        Cancel = "CANCEL",
    }
}

/// One change of one operation.
///
/// Reading is lenient: a missing `Id`, `Type` or `Action` becomes the empty value, so that a server can report
/// every violated constraint in AWS's words rather than the first that a parser met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OperationUpdate {
    /// 1–64 characters of `[a-zA-Z0-9-_]`.
    #[serde(default)]
    pub id: String,
    /// The enclosing context; absent at the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// 1–256 printable ASCII characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The type of the operation.
    #[serde(default)]
    pub r#type: OperationType,
    /// 1–32 characters of `[a-zA-Z0-9-_]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_type: Option<String>,
    /// The action.
    #[serde(default)]
    pub action: OperationAction,
    /// A result, a condition's state, or the input of a chained invoke. At most 6,291,456 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorObject>,
    /// Only for `CONTEXT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_options: Option<ContextOptions>,
    /// Only for `STEP` with `RETRY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_options: Option<StepOptions>,
    /// Only for `WAIT` with `START`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_options: Option<WaitOptions>,
    /// Only for `CALLBACK` with `START`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_options: Option<CallbackOptions>,
    /// Only for `CHAINED_INVOKE` with `START`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chained_invoke_options: Option<ChainedInvokeOptions>,
}

/// How a context ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContextOptions {
    /// The payload is not the full result: replay runs the body again over its recorded children.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_children: Option<bool>,
}

/// When a step is tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StepOptions {
    /// 1–31,622,400 seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_delay_seconds: Option<i64>,
}

/// How long a wait takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WaitOptions {
    /// 1–31,622,400 seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_seconds: Option<i64>,
}

/// How long a callback may take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CallbackOptions {
    /// 0–99,999,999 seconds from the start; 0 and absent mean no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i64>,
    /// 0–99,999,999 seconds from the start or the last heartbeat; 0 and absent mean no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_timeout_seconds: Option<i64>,
}

/// Which function a chained invoke calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChainedInvokeOptions {
    /// Name, `name:qualifier`, partial or full ARN; 1–256 characters.
    #[serde(default)]
    pub function_name: String,
    /// Handed on as `X-Amz-Tenant-Id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Replaces the trace header that the call would inherit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x_amzn_trace_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn update_round_trips() {
        let text = r#"{"Id":"1","ParentId":"p","Name":"call","Type":"CHAINED_INVOKE","SubType":"ChainedInvoke","Action":"START","Payload":"{}","ChainedInvokeOptions":{"FunctionName":"f:live","TenantId":"t","XAmznTraceId":"Root=1"}}"#;
        let update: OperationUpdate = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&update).unwrap(), text);
    }

    #[test]
    fn missing_members_are_left_to_the_server_to_report() {
        let update: OperationUpdate = serde_json::from_str(r#"{"Action":"EXPLODE"}"#).unwrap();
        assert_eq!(update.id, "");
        assert_eq!(update.r#type, OperationType::default());
        assert!(!update.r#type.is_known());
        assert_eq!(update.action, OperationAction::Unknown("EXPLODE".into()));
        assert_eq!(OperationAction::parse("EXPLODE"), None);
    }
}
