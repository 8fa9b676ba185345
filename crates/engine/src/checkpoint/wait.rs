//! WAIT updates: a timer begins or is cancelled.

use model::{EventKind, OperationDetails, OperationStatus, OperationUpdate, UpdateAction};

use super::batch::{forbid_error, forbid_payload, invalid_action, started};
use crate::Rejection;
use crate::draft::{Changed, Draft};
use crate::rejection::invalid;

pub(super) fn apply(draft: &mut Draft<'_>, update: OperationUpdate) -> Result<(), Rejection> {
    match update.action {
        UpdateAction::Start => start(draft, update),
        UpdateAction::Cancel => cancel(draft, update),
        UpdateAction::Succeed | UpdateAction::Fail | UpdateAction::Retry => invalid_action(),
    }
}

fn start(draft: &mut Draft<'_>, update: OperationUpdate) -> Result<(), Rejection> {
    forbid_payload(&update, "START")?;
    forbid_error(&update, "START")?;
    if draft.operation(&update.id).is_some() {
        return invalid("Cannot start a WAIT that already exist.");
    }
    let Some(seconds) = update.wait_seconds else {
        return invalid("Update for WAIT operation requires WaitOptions.");
    };
    let scheduled_end_at = draft.now.plus_seconds(seconds);
    let details = OperationDetails::Wait {
        seconds,
        scheduled_end_at,
    };
    let operation = started(draft, update, details);
    draft.event(
        &operation,
        EventKind::WaitStarted {
            seconds,
            scheduled_end_at,
        },
    );
    draft.put(operation, Changed::ByFunction);
    Ok(())
}

fn cancel(draft: &mut Draft<'_>, update: OperationUpdate) -> Result<(), Rejection> {
    forbid_payload(&update, "CANCEL")?;
    let mut operation = match draft.operation(&update.id) {
        Some(recorded) if recorded.status == OperationStatus::Started => recorded.clone(),
        Some(_) | None => {
            return invalid("Cannot cancel a WAIT that does not exist or has already completed.");
        }
    };
    operation.status = OperationStatus::Cancelled;
    operation.ended_at = Some(draft.now);
    draft.event(
        &operation,
        EventKind::WaitCancelled {
            error: update.error,
        },
    );
    draft.put(operation, Changed::ByFunction);
    Ok(())
}
