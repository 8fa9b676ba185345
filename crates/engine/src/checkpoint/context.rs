//! CONTEXT updates: a group of operations begins, succeeds, fails.

use model::{
    EventKind, Operation, OperationDetails, OperationStatus, OperationUpdate, UpdateAction,
};

use super::batch::{check_payload_size, forbid_error, forbid_payload, invalid_action, started};
use crate::Rejection;
use crate::draft::{Changed, Draft};
use crate::rejection::invalid;

pub(super) fn apply(draft: &mut Draft<'_>, update: OperationUpdate) -> Result<(), Rejection> {
    match update.action {
        UpdateAction::Start => start(draft, update),
        UpdateAction::Succeed => {
            forbid_error(&update, "SUCCEED")?;
            check_payload_size(
                &update,
                "CONTEXT output",
                draft.limits.context_payload_bytes_max,
            )?;
            let operation = close(
                open(draft, &update)?,
                update,
                OperationStatus::Succeeded,
                draft,
            );
            if let OperationDetails::Context { result, .. } = &operation.details {
                let result = result.clone();
                draft.event(&operation, EventKind::ContextSucceeded { result });
            }
            draft.put(operation, Changed::ByFunction);
            Ok(())
        }
        UpdateAction::Fail => {
            forbid_payload(&update, "FAIL")?;
            let operation = close(
                open(draft, &update)?,
                update,
                OperationStatus::Failed,
                draft,
            );
            if let OperationDetails::Context { error, .. } = &operation.details {
                let error = error.clone().unwrap_or_default();
                draft.event(&operation, EventKind::ContextFailed { error });
            }
            draft.put(operation, Changed::ByFunction);
            Ok(())
        }
        UpdateAction::Retry | UpdateAction::Cancel => invalid_action(),
    }
}

fn start(draft: &mut Draft<'_>, update: OperationUpdate) -> Result<(), Rejection> {
    forbid_payload(&update, "START")?;
    forbid_error(&update, "START")?;
    if draft.operation(&update.id).is_some() {
        return invalid("Cannot start a CONTEXT that already exist.");
    }
    let details = OperationDetails::Context {
        replay_children: false,
        result: None,
        error: None,
    };
    let operation = started(draft, update, details);
    draft.event(&operation, EventKind::ContextStarted);
    draft.put(operation, Changed::ByFunction);
    Ok(())
}

fn open(draft: &Draft<'_>, update: &OperationUpdate) -> Result<Operation, Rejection> {
    match draft.operation(&update.id) {
        Some(operation) if operation.status == OperationStatus::Started => Ok(operation.clone()),
        Some(_) | None => invalid("Invalid current CONTEXT state to close."),
    }
}

fn close(
    mut operation: Operation,
    update: OperationUpdate,
    status: OperationStatus,
    draft: &Draft<'_>,
) -> Operation {
    operation.status = status;
    operation.ended_at = Some(draft.now);
    operation.details = OperationDetails::Context {
        replay_children: update.replay_children.unwrap_or(false),
        result: update.payload,
        error: update.error,
    };
    operation
}
