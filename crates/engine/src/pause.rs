//! `PauseDurableExecution` and `ResumeDurableExecution`.
//!
//! A paused execution is not invoked. Its waits, retries and callbacks continue and are recorded, and
//! their results are passed to the invocation that follows the resume (protocol reference, section
//! 12). A pause that meets a running invocation takes effect when that checkpoints or ends.

use model::{ClientToken, EventKind, ExecutionState, Invocation, Pause, Payload};

use crate::draft::{Draft, unchanged};
use crate::execution::{execution_deadline, invocation_deadline};
use crate::{Answer, Context, Execution, Rejection, Transition};

/// The request of a pause.
pub(crate) struct Request {
    pub reason: Option<String>,
    pub execution_timeout_paused: bool,
    pub client_token: Option<ClientToken>,
}

/// Pauses a running execution: at once when it is suspended.
pub(crate) fn pause(
    execution: &Execution,
    request: Request,
    context: Context<'_>,
) -> Result<Transition, Rejection> {
    if execution.state.outcome.is_some() {
        return Err(ENDED);
    }
    if let Some(pause) = &execution.state.pause {
        let again = request.client_token.is_some() && pause.client_token == request.client_token;
        return if again {
            Ok(unchanged(execution, Answer::Done))
        } else {
            Err(Rejection::Conflict("Durable Execution is already paused"))
        };
    }
    let mut draft = Draft::new(execution, context);
    draft.state.pause = Some(Pause {
        requested_at: draft.now,
        reason: request.reason,
        client_token: request.client_token,
        execution_timeout_paused: request.execution_timeout_paused,
        in_effect_since: None,
        owes_invocation: false,
    });
    match draft.state.invocation {
        Invocation::Active { .. } => {}
        Invocation::Idle => draft.take_pause_into_effect(false),
        Invocation::BackingOff { .. } => {
            if let Some(deadline) = invocation_deadline(&draft.state.invocation) {
                draft.remove_deadline(deadline);
            }
            draft.state.invocation = Invocation::Idle;
            draft.take_pause_into_effect(true);
        }
    }
    Ok(draft.finish(|_| Answer::Done))
}

/// Lets a paused execution go on, or calls a pause off that is not in effect yet.
pub(crate) fn resume(
    execution: &Execution,
    reason: Option<String>,
    client_token: Option<ClientToken>,
    context: Context<'_>,
) -> Result<Transition, Rejection> {
    if execution.state.outcome.is_some() {
        return Err(ENDED);
    }
    let Some(pause) = &execution.state.pause else {
        let again = client_token.is_some() && execution.state.resume_client_token == client_token;
        return if again {
            Ok(unchanged(execution, Answer::Done))
        } else {
            Err(Rejection::Conflict("Durable Execution is not paused"))
        };
    };
    let owes_invocation = pause.owes_invocation;
    let mut draft = Draft::new(execution, context);
    draft.end_pause();
    draft.state.resume_client_token = client_token;
    if execution.state.is_paused() {
        let requested_at = draft.now;
        draft.execution_event(EventKind::ExecutionResumed {
            requested_at,
            reason: reason.map(Payload::from),
        });
    }
    // A pause that cut an invocation short is over before that invocation is: its end goes on.
    if matches!(draft.state.invocation, Invocation::Idle) {
        draft.fire_due();
        if draft.state.outcome.is_none() && owes_invocation {
            draft.schedule_invocation();
        } else {
            draft.trigger();
        }
    }
    Ok(draft.finish(|_| Answer::Done))
}

const ENDED: Rejection = Rejection::Conflict("Durable Execution has already ended");

impl Draft<'_> {
    /// Whether a pause was requested that is not in effect yet.
    pub fn is_pausing(&self) -> bool {
        let pause = self.state.pause.as_ref();
        self.state.outcome.is_none() && pause.is_some_and(|pause| pause.in_effect_since.is_none())
    }

    /// From here on the function is not invoked, and the execution timeout stands still if the
    /// pause says so.
    pub fn take_pause_into_effect(&mut self, owes_invocation: bool) {
        let now = self.now;
        let event = self.change_timeout(|state| {
            let pause = state.pause.as_mut().expect("a pause was requested");
            pause.in_effect_since = Some(now);
            pause.owes_invocation = owes_invocation;
            EventKind::ExecutionPaused {
                requested_at: pause.requested_at,
                reason: pause.reason.clone().map(Payload::from),
                execution_timeout_paused: pause.execution_timeout_paused,
            }
        });
        self.execution_event(event);
    }

    fn end_pause(&mut self) {
        let now = self.now;
        self.change_timeout(|state| {
            let Some(pause) = state.pause.take() else {
                return;
            };
            if let (true, Some(since)) = (pause.execution_timeout_paused, pause.in_effect_since) {
                state.timeout_paused_for += now.since(since);
            }
        });
    }

    /// Changes the state, and the deadline of the execution timeout with it.
    fn change_timeout<T>(&mut self, change: impl FnOnce(&mut ExecutionState) -> T) -> T {
        let before = execution_deadline(&self.base.spec, &self.state);
        let changed = change(&mut self.state);
        let after = execution_deadline(&self.base.spec, &self.state);
        if before != after {
            before
                .into_iter()
                .for_each(|deadline| self.remove_deadline(deadline));
            after
                .into_iter()
                .for_each(|deadline| self.add_deadline(deadline));
        }
        changed
    }
}
