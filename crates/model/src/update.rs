//! Operation updates: the changes that one checkpoint asks for.

use crate::{ChainedTarget, ErrorObject, OperationId, OperationType, Payload};

/// One change inside a checkpoint, as the SDK sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationUpdate {
    /// Which operation.
    pub id: OperationId,
    /// Its enclosing CONTEXT; on a later update, absent means unchanged.
    pub parent_id: Option<OperationId>,
    /// Its name; on a later update, absent means unchanged.
    pub name: Option<String>,
    /// Its sub-type; on a later update, absent means unchanged.
    pub sub_type: Option<String>,
    /// Its type.
    pub operation_type: OperationType,
    /// The action.
    pub action: UpdateAction,
    /// A result, an input, or a state, by type and action.
    pub payload: Option<Payload>,
    /// Why it failed.
    pub error: Option<ErrorObject>,
    /// CONTEXT SUCCEED: keep giving the children to replays.
    pub replay_children: Option<bool>,
    /// STEP RETRY: seconds to the next attempt.
    pub next_attempt_delay_seconds: Option<u32>,
    /// WAIT START: length in seconds.
    pub wait_seconds: Option<u32>,
    /// CALLBACK START: its limits.
    pub callback_options: Option<CallbackOptions>,
    /// CHAINED_INVOKE START: the invoke.
    pub chained_invoke: Option<ChainedInvoke>,
}

impl OperationUpdate {
    /// An update that says nothing else.
    pub const fn new(id: OperationId, operation_type: OperationType, action: UpdateAction) -> Self {
        Self {
            id,
            parent_id: None,
            name: None,
            sub_type: None,
            operation_type,
            action,
            payload: None,
            error: None,
            replay_children: None,
            next_attempt_delay_seconds: None,
            wait_seconds: None,
            callback_options: None,
            chained_invoke: None,
        }
    }
}

/// The effect of an update on its operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are AWS's and say it all")]
pub enum UpdateAction {
    Start,
    Succeed,
    Fail,
    Retry,
    Cancel,
}

/// How long a callback may take; zero and absent both mean unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallbackOptions {
    /// To completion, in seconds.
    pub timeout_seconds: Option<u32>,
    /// Between signs of life, in seconds.
    pub heartbeat_timeout_seconds: Option<u32>,
}

/// The start of a chained invoke. The caller of the engine resolves the name, because only it knows the functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainedInvoke {
    /// The function as the SDK named it.
    pub function_name: String,
    /// The tenant to run it for.
    pub tenant_id: Option<String>,
    /// The X-Ray trace that it belongs to; `None`: the invoking execution's.
    pub trace_header: Option<String>,
    /// The meaning of the name, or the error that the operation fails with.
    pub target: Result<ChainedTarget, ErrorObject>,
}
