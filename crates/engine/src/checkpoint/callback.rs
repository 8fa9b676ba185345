//! CALLBACK updates: the function asks for an id that an outside party will answer to.

use model::{EventKind, OperationDetails, OperationUpdate, UpdateAction};

use super::batch::{forbid_error, forbid_payload, invalid_action, started};
use crate::Rejection;
use crate::draft::{Changed, Draft};
use crate::rejection::invalid;
use crate::token::encode_callback_id;

pub(super) fn apply(draft: &mut Draft<'_>, update: OperationUpdate) -> Result<(), Rejection> {
    match update.action {
        UpdateAction::Start => start(draft, update),
        UpdateAction::Succeed | UpdateAction::Fail | UpdateAction::Retry | UpdateAction::Cancel => {
            invalid_action()
        }
    }
}

fn start(draft: &mut Draft<'_>, update: OperationUpdate) -> Result<(), Rejection> {
    forbid_payload(&update, "START")?;
    forbid_error(&update, "START")?;
    if draft.operation(&update.id).is_some() {
        return invalid("Cannot start a CALLBACK that already exist.");
    }
    let options = update.callback_options.unwrap_or_default();
    let limited = |seconds: Option<u32>| seconds.filter(|seconds| *seconds > 0);
    let timeout_seconds = limited(options.timeout_seconds);
    let heartbeat_timeout_seconds = limited(options.heartbeat_timeout_seconds);
    let nonce = draft.chance.nonce();
    let callback_id = encode_callback_id(&draft.base.spec.arn.id, &update.id, nonce);
    let details = OperationDetails::Callback {
        callback_id: callback_id.clone(),
        timeout_seconds,
        heartbeat_timeout_seconds,
        last_heartbeat_at: draft.now,
        result: None,
        error: None,
    };
    let operation = started(draft, update, details);
    let kind = EventKind::CallbackStarted {
        callback_id,
        timeout_seconds,
        heartbeat_timeout_seconds,
    };
    draft.event(&operation, kind);
    draft.put(operation, Changed::ByFunction);
    Ok(())
}
