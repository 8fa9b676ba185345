//! The record of an operation.

use lambda_api::{EpochMillis, InvocationOperation, OperationStatus};

use crate::operation_id::OperationSpec;

/// A recorded operation; timestamps are in milliseconds, from any source.
pub(crate) type Operation = InvocationOperation;

/// Whether an operation has come to its end.
pub(crate) fn is_terminal(operation: &Operation) -> bool {
    ends(&operation.status)
}

/// Whether a status is terminal. Unknown statuses of a newer service count as unfinished.
pub(crate) fn ends(status: &OperationStatus) -> bool {
    match status {
        OperationStatus::Succeeded
        | OperationStatus::Failed
        | OperationStatus::Cancelled
        | OperationStatus::TimedOut
        | OperationStatus::Stopped => true,
        OperationStatus::Started
        | OperationStatus::Pending
        | OperationStatus::Ready
        | OperationStatus::Unknown(_) => false,
    }
}

/// Whether an operation can still change.
pub(crate) fn is_open(operation: &Operation) -> bool {
    !is_terminal(operation)
}

/// When the service will move the operation on by itself.
pub(crate) fn due_at(operation: &Operation) -> Option<EpochMillis> {
    let wait = operation.wait_details.as_ref();
    let step = operation.step_details.as_ref();
    wait.and_then(|details| details.scheduled_end_timestamp)
        .or_else(|| step.and_then(|details| details.next_attempt_timestamp))
}

/// How the program's operation differs from the recorded one, if it does.
pub(crate) fn difference(spec: &OperationSpec, recorded: &Operation) -> Option<String> {
    if recorded.r#type != spec.r#type {
        return Some(format!("its type is recorded as {}", recorded.r#type));
    }
    // Operations written by tools other than an SDK may lack a sub type; nothing can be concluded from that.
    if let Some(sub_type) = &recorded.sub_type
        && sub_type != spec.sub_type
    {
        return Some(format!("its sub type is recorded as {sub_type}"));
    }
    if recorded.name != spec.name {
        let name = recorded.name.as_deref().unwrap_or("(unnamed)");
        return Some(format!("its name is recorded as {name}"));
    }
    None
}
