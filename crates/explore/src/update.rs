//! The operation updates that a world's function may send.

use model::{
    CallbackOptions, ChainedInvoke, ChainedTarget, ErrorObject, FunctionName, OperationId,
    OperationType, OperationUpdate, UpdateAction, Version,
};

use crate::pair::{Pair, Slot};

/// Length of a wait, in seconds: the same as a callback's heartbeat timeout, so that both come due at once.
const WAIT_SECONDS: u32 = 4;
/// Delay of a step's next attempt, in seconds: as long as the first back-off of a failed invocation.
const RETRY_SECONDS: u32 = 1;
/// The limits of a callback that has any: its timeout is that of the execution, its heartbeat timeout the length of a
/// wait.
const CALLBACK: CallbackOptions = CallbackOptions {
    timeout_seconds: Some(EXECUTION_TIMEOUT_SECONDS),
    heartbeat_timeout_seconds: Some(WAIT_SECONDS),
};
/// The execution timeout of every world, in seconds: two waits in a row run into it.
pub(crate) const EXECUTION_TIMEOUT_SECONDS: u32 = 8;

/// The effect of an update on its operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are AWS's and say it all")]
pub enum Action {
    Start,
    /// START of a callback without limits.
    StartUnlimited,
    /// START of a chained invoke whose function does not exist: it fails at once.
    StartMissing,
    Succeed,
    /// SUCCEED of a context whose result is too large to record: a replay receives its children.
    SucceedLarge,
    Fail,
    Retry,
    Cancel,
}

impl Action {
    /// The actions for an operation of a type, allowed at any point: the engine decides.
    pub const fn of(operation_type: OperationType) -> &'static [Self] {
        match operation_type {
            OperationType::Execution => &[],
            OperationType::Context => &[Self::Start, Self::Succeed, Self::SucceedLarge, Self::Fail],
            OperationType::Step => &[Self::Start, Self::Succeed, Self::Fail, Self::Retry],
            OperationType::Wait => &[Self::Start, Self::Cancel],
            OperationType::Callback => &[Self::Start, Self::StartUnlimited],
            OperationType::ChainedInvoke => &[Self::Start, Self::StartMissing],
        }
    }
}

/// The update of one of a pair's operations.
pub fn update(pair: Pair, slot: Slot, action: Action) -> OperationUpdate {
    let operation_type = pair.operation_type(slot);
    let blank = OperationUpdate {
        parent_id: pair.parent(slot),
        ..blank(slot.id(), operation_type)
    };
    let error = Some(ErrorObject::new("Boom", "it broke"));
    match action {
        Action::Start => started(blank, Ok(plain())),
        Action::StartUnlimited => blank,
        Action::StartMissing => {
            let missing = ErrorObject::new("ResourceNotFoundException", "Function not found");
            started(blank, Err(missing))
        }
        Action::Succeed => OperationUpdate {
            action: UpdateAction::Succeed,
            payload: Some("1".into()),
            ..blank
        },
        Action::SucceedLarge => OperationUpdate {
            action: UpdateAction::Succeed,
            replay_children: Some(true),
            ..blank
        },
        Action::Fail => OperationUpdate {
            action: UpdateAction::Fail,
            error,
            ..blank
        },
        Action::Retry => OperationUpdate {
            action: UpdateAction::Retry,
            error,
            next_attempt_delay_seconds: Some(RETRY_SECONDS),
            ..blank
        },
        Action::Cancel => OperationUpdate {
            action: UpdateAction::Cancel,
            ..blank
        },
    }
}

/// The update that ends the execution with a result.
pub fn execution_result() -> OperationUpdate {
    let id = OperationId::parse("result").expect("a valid operation id");
    OperationUpdate {
        action: UpdateAction::Succeed,
        payload: Some("1".into()),
        ..blank(id, OperationType::Execution)
    }
}

fn blank(id: OperationId, operation_type: OperationType) -> OperationUpdate {
    OperationUpdate {
        name: Some(id.to_string()),
        ..OperationUpdate::new(id, operation_type, UpdateAction::Start)
    }
}

fn started(
    mut update: OperationUpdate,
    target: Result<ChainedTarget, ErrorObject>,
) -> OperationUpdate {
    match update.operation_type {
        OperationType::Execution | OperationType::Context | OperationType::Step => {}
        OperationType::Wait => update.wait_seconds = Some(WAIT_SECONDS),
        OperationType::Callback => update.callback_options = Some(CALLBACK),
        OperationType::ChainedInvoke => {
            update.chained_invoke = Some(ChainedInvoke {
                function_name: "Child".to_owned(),
                tenant_id: None,
                trace_header: None,
                target,
            });
        }
    }
    update
}

fn plain() -> ChainedTarget {
    ChainedTarget::Plain {
        function: FunctionName::parse("Child").expect("a valid name"),
        version: Version::Latest,
    }
}
