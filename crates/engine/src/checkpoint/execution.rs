//! EXECUTION updates: a result or error that is too large for the function's answer.

use model::{OperationUpdate, Outcome, UpdateAction};

use super::batch::{check_payload_size, forbid_error, forbid_payload, invalid_action};
use crate::Rejection;
use crate::close::TerminalEvent;
use crate::draft::Draft;

/// Ends the execution. Accepts any id: SDKs send different ones (protocol reference, 7.3).
pub(super) fn apply(draft: &mut Draft<'_>, update: OperationUpdate) -> Result<(), Rejection> {
    match update.action {
        UpdateAction::Succeed => {
            forbid_error(&update, "SUCCEED")?;
            let bytes_max = draft.base.spec.result_bytes_max;
            check_payload_size(&update, "Execution output", bytes_max)?;
            draft.close(
                Outcome::Succeeded(update.payload),
                TerminalEvent::AfterInvocation,
            );
            Ok(())
        }
        UpdateAction::Fail => {
            forbid_payload(&update, "FAIL")?;
            let error = update.error.unwrap_or_default();
            draft.close(Outcome::Failed(error), TerminalEvent::AfterInvocation);
            Ok(())
        }
        UpdateAction::Start | UpdateAction::Retry | UpdateAction::Cancel => invalid_action(),
    }
}
