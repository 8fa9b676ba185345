//! `StopDurableExecution`.

use model::{ErrorObject, Outcome};

use crate::close::TerminalEvent;
use crate::draft::{Draft, unchanged};
use crate::{Answer, Context, Execution, Transition};

/// Stops a running execution; its operations stay as they are, and a process still at work finds
/// its token refused. An ended execution stays as it is and answers when it ended.
pub(crate) fn stop(execution: &Execution, error: ErrorObject, context: Context<'_>) -> Transition {
    if let Some(at) = execution.state.ended_at {
        return unchanged(execution, Answer::Stopped { at });
    }
    let at = context.now;
    let mut draft = Draft::new(execution, context);
    draft.close(Outcome::Stopped(error), TerminalEvent::AtOnce);
    draft.finish(|_| Answer::Stopped { at })
}
