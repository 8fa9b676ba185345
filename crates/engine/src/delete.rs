//! `DeleteDurableExecution`.

use crate::draft::Draft;
use crate::{Answer, Context, Execution, Rejection, Transition};

/// Lets the record of an ended execution go, before its retention is over. A process that still
/// works for it finds its token refused, as after any end.
pub(crate) fn delete(execution: &Execution, context: Context<'_>) -> Result<Transition, Rejection> {
    if execution.state.outcome.is_none() {
        return Err(Rejection::Conflict(
            "Cannot delete a Durable Execution that has not ended. Stop it first.",
        ));
    }
    let mut draft = Draft::new(execution, context);
    draft.remove_execution();
    Ok(draft.finish(|_| Answer::Done))
}
