//! Operations: the recorded units of an execution.

use serde::{Deserialize, Serialize};

use crate::{
    CallbackId, ErrorObject, ExecutionId, FunctionName, OperationId, Payload, Timestamp, Version,
};

/// The six types of operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are AWS's and say it all")]
pub enum OperationType {
    Execution,
    Context,
    Step,
    Wait,
    Callback,
    ChainedInvoke,
}

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OperationStatus {
    /// Begun, not ended.
    Started,
    /// A step that waits for its next attempt.
    Pending,
    /// A step whose next attempt is due.
    Ready,
    /// Ended well.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// A wait that the function called off.
    Cancelled,
    /// A callback or chained invoke that took too long.
    TimedOut,
    /// A chained invoke whose execution was stopped.
    Stopped,
}

impl OperationStatus {
    /// Whether the operation has ended: such a status never changes again.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Started | Self::Pending | Self::Ready => false,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::TimedOut | Self::Stopped => {
                true
            }
        }
    }
}

/// One recorded unit of an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Chosen by the SDK; for the EXECUTION operation the execution's id.
    pub id: OperationId,
    /// The enclosing CONTEXT; absent at the top.
    pub parent_id: Option<OperationId>,
    /// For people: 1 to 256 printable ASCII characters.
    pub name: Option<String>,
    /// For people and tools, such as `ParallelBranch`; stored and echoed.
    pub sub_type: Option<String>,
    /// Where it stands.
    pub status: OperationStatus,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; present exactly when the status is terminal.
    pub ended_at: Option<Timestamp>,
    /// The members of its type alone.
    pub details: OperationDetails,
    /// The number of the last change that the service made to it, counted within the execution;
    /// zero when only the function has changed it.
    pub service_change: u64,
}

/// The members of an operation beyond the common ones, by type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OperationDetails {
    /// The execution itself: always the first operation.
    Execution {
        /// The caller's input.
        input: Option<Payload>,
    },
    /// A group of operations with a result of its own.
    Context {
        /// Whether a replay must be given the operations below it (its result was too large).
        replay_children: bool,
        /// The returned value.
        result: Option<Payload>,
        /// Why it failed.
        error: Option<ErrorObject>,
    },
    /// User code that runs at most once per attempt, or at least once.
    Step {
        /// Attempts that have ended.
        attempt: u32,
        /// When the next attempt is due; present exactly while PENDING.
        next_attempt_at: Option<Timestamp>,
        /// The returned value, or the state that a polling step carries to its next attempt.
        result: Option<Payload>,
        /// Why the last attempt failed.
        error: Option<ErrorObject>,
    },
    /// A timer.
    Wait {
        /// Its length in whole seconds.
        seconds: u32,
        /// When it ends.
        scheduled_end_at: Timestamp,
    },
    /// Completion from outside.
    Callback {
        /// The id that the outside party presents.
        callback_id: CallbackId,
        /// Longest time to completion, in seconds; `None`: unlimited.
        timeout_seconds: Option<u32>,
        /// Longest time between signs of life, in seconds; `None`: unlimited.
        heartbeat_timeout_seconds: Option<u32>,
        /// When the last sign of life came: its start, or the last heartbeat.
        last_heartbeat_at: Timestamp,
        /// The outside party's answer.
        result: Option<Payload>,
        /// Why it failed.
        error: Option<ErrorObject>,
    },
    /// Another function, invoked by this execution.
    ChainedInvoke {
        /// The function as the caller named it.
        function_name: String,
        /// The tenant to run it for.
        tenant_id: Option<String>,
        /// The X-Ray trace that it belongs to; `None`: the invoking execution's.
        trace_header: Option<String>,
        /// Its input.
        input: Option<Payload>,
        /// The target that the name meant when the invoke started.
        target: ChainedTarget,
        /// The returned value.
        result: Option<Payload>,
        /// Why it failed.
        error: Option<ErrorObject>,
    },
}

/// The target that the function name of a chained invoke was resolved to, once, at its start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChainedTarget {
    /// A durable function: a new execution with this id, which makes starting it again harmless.
    Durable {
        /// The function's own name.
        function: FunctionName,
        /// The version that it is pinned to.
        version: Version,
        /// The new execution; its name is the same text.
        execution_id: ExecutionId,
    },
    /// A plain function: one synchronous invocation.
    Plain {
        /// The function's own name.
        function: FunctionName,
        /// The version that is invoked.
        version: Version,
    },
    /// No such function, or one that cannot be invoked so: the operation failed at once.
    Unresolvable,
}

impl Operation {
    /// Its type, as its details say.
    pub const fn operation_type(&self) -> OperationType {
        match self.details {
            OperationDetails::Execution { .. } => OperationType::Execution,
            OperationDetails::Context { .. } => OperationType::Context,
            OperationDetails::Step { .. } => OperationType::Step,
            OperationDetails::Wait { .. } => OperationType::Wait,
            OperationDetails::Callback { .. } => OperationType::Callback,
            OperationDetails::ChainedInvoke { .. } => OperationType::ChainedInvoke,
        }
    }

    /// Whether an invocation may end with PENDING because of this operation: something other than
    /// the function will move it on.
    ///
    /// Source: the checks of AWS's local emulator (protocol reference, section 7.2).
    pub const fn is_pending(&self) -> bool {
        match self.details {
            OperationDetails::Execution { .. } | OperationDetails::Context { .. } => false,
            OperationDetails::Step { .. } => matches!(self.status, OperationStatus::Pending),
            OperationDetails::Wait { .. }
            | OperationDetails::Callback { .. }
            | OperationDetails::ChainedInvoke { .. } => {
                matches!(self.status, OperationStatus::Started)
            }
        }
    }

    /// Whether it is a chained invoke that the service still has to bring to an end.
    pub const fn is_open_chained_invoke(&self) -> bool {
        matches!(self.details, OperationDetails::ChainedInvoke { .. })
            && matches!(self.status, OperationStatus::Started)
    }
}
