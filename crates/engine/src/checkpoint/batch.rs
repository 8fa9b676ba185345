//! Rules for the updates of one request taken together, and for an update against the recorded operations.
//!
//! The texts are those of AWS's emulator and probes (protocol reference, section 8.2).

use std::collections::BTreeMap;

use model::{
    Limits, Operation, OperationDetails, OperationId, OperationType, OperationUpdate, UpdateAction,
};

use crate::Rejection;
use crate::draft::Draft;
use crate::rejection::invalid;

/// Checks the updates as far as possible without the execution.
pub(super) fn check(updates: &[OperationUpdate]) -> Result<(), Rejection> {
    let executions = updates.iter().filter(|update| is_execution(update)).count();
    if executions > 1 {
        return invalid("Cannot checkpoint multiple EXECUTION updates.");
    }
    if executions == 1 && !updates.last().is_some_and(is_execution) {
        return invalid("EXECUTION checkpoint must be the last update.");
    }
    let mut seen: BTreeMap<&OperationId, Vec<UpdateAction>> = BTreeMap::new();
    for update in updates {
        let earlier = seen.entry(&update.id).or_default();
        if !may_follow(update, earlier) {
            return invalid("Cannot update the same operation twice in a single request.");
        }
        earlier.push(update.action);
    }
    Ok(())
}

fn is_execution(update: &OperationUpdate) -> bool {
    update.operation_type == OperationType::Execution
}

/// The same id may come twice only as a START and the closing of the same STEP or CONTEXT.
fn may_follow(update: &OperationUpdate, earlier: &[UpdateAction]) -> bool {
    let closes = match update.operation_type {
        OperationType::Step => matches!(
            update.action,
            UpdateAction::Succeed | UpdateAction::Fail | UpdateAction::Retry
        ),
        OperationType::Context => {
            matches!(update.action, UpdateAction::Succeed | UpdateAction::Fail)
        }
        OperationType::Execution
        | OperationType::Wait
        | OperationType::Callback
        | OperationType::ChainedInvoke => false,
    };
    match earlier {
        [] => true,
        [UpdateAction::Start] => closes,
        [_] | [_, _, ..] => false,
    }
}

pub(super) fn check_error_size(update: &OperationUpdate, limits: &Limits) -> Result<(), Rejection> {
    let bytes_max = limits.error_bytes_max;
    if update
        .error
        .as_ref()
        .is_some_and(|error| error.len() > bytes_max)
    {
        return invalid(format!(
            "Error object size must be less than or equal to {bytes_max} bytes."
        ));
    }
    Ok(())
}

/// A parent is a CONTEXT that is recorded already or started earlier in the same request.
pub(super) fn check_parent(draft: &Draft<'_>, update: &OperationUpdate) -> Result<(), Rejection> {
    let Some(parent_id) = &update.parent_id else {
        return Ok(());
    };
    match draft.operation(parent_id).map(|parent| &parent.details) {
        Some(OperationDetails::Context { .. }) => Ok(()),
        Some(_) | None => invalid("Invalid parent operation id."),
    }
}

/// Later updates of an operation name it as its first one did, where they name it at all.
pub(super) fn check_consistency(
    draft: &Draft<'_>,
    update: &OperationUpdate,
) -> Result<(), Rejection> {
    let Some(recorded) = draft.operation(&update.id) else {
        return Ok(());
    };
    if recorded.operation_type() != update.operation_type {
        return invalid("Inconsistent operation type.");
    }
    if update.sub_type.is_some() && recorded.sub_type != update.sub_type {
        return invalid("Inconsistent operation subtype.");
    }
    if update.name.is_some() && recorded.name != update.name {
        return invalid("Inconsistent operation name.");
    }
    if update.parent_id.is_some() && recorded.parent_id != update.parent_id {
        return invalid("Inconsistent parent operation id.");
    }
    Ok(())
}

/// A payload within its limit, or AWS's error about it.
pub(super) fn check_payload_size(
    update: &OperationUpdate,
    what: &str,
    bytes_max: usize,
) -> Result<(), Rejection> {
    if update
        .payload
        .as_ref()
        .is_some_and(|payload| payload.len() > bytes_max)
    {
        return invalid(format!(
            "{what} payload size must be less than or equal to {bytes_max} bytes."
        ));
    }
    Ok(())
}

pub(super) fn forbid_payload(update: &OperationUpdate, action: &str) -> Result<(), Rejection> {
    if update.payload.is_some() {
        return invalid(format!("Cannot provide a Payload for {action} action."));
    }
    Ok(())
}

pub(super) fn forbid_error(update: &OperationUpdate, action: &str) -> Result<(), Rejection> {
    if update.error.is_some() {
        return invalid(format!("Cannot provide an Error for {action} action."));
    }
    Ok(())
}

pub(super) fn invalid_action<T>() -> Result<T, Rejection> {
    invalid("Invalid action for the given operation type.")
}

/// A new operation as an update describes it, not ended.
pub(super) fn started(
    draft: &Draft<'_>,
    update: OperationUpdate,
    details: OperationDetails,
) -> Operation {
    Operation {
        id: update.id,
        parent_id: update.parent_id,
        name: update.name,
        sub_type: update.sub_type,
        status: model::OperationStatus::Started,
        started_at: draft.now,
        ended_at: None,
        details,
        service_change: 0,
    }
}
