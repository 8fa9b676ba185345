//! The end of an execution.

use model::{ErrorObject, EventKind, Invocation, Outcome};

use crate::Effect;
use crate::draft::Draft;
use crate::execution::execution_deadline;

/// When the terminal event is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TerminalEvent {
    /// Now.
    AtOnce,
    /// After the running invocation's `InvocationCompleted` (a result checkpointed as EXECUTION).
    AfterInvocation,
}

impl Draft<'_> {
    /// Ends the execution: no more invocations, checkpoints or deadlines but its retention.
    pub fn close(&mut self, outcome: Outcome, event: TerminalEvent) {
        assert!(self.state.outcome.is_none(), "an execution ends once");
        let event_kind = terminal_event(&outcome);
        self.state.outcome = Some(outcome);
        self.state.ended_at = Some(self.now);
        self.state.pause = None;
        self.clear_deadlines();
        if let Invocation::BackingOff { .. } = self.state.invocation {
            self.state.invocation = Invocation::Idle;
        }
        if let Some(deadline) = execution_deadline(&self.base.spec, &self.state) {
            self.add_deadline(deadline);
        }
        match event {
            TerminalEvent::AtOnce => self.execution_event(event_kind),
            TerminalEvent::AfterInvocation => self.state.terminal_event_owed = true,
        }
        self.effects.push(Effect::Closed);
    }

    /// Writes the terminal event that a checkpointed result left owing.
    pub fn settle_terminal_event(&mut self) {
        if !self.state.terminal_event_owed {
            return;
        }
        let outcome = self
            .state
            .outcome
            .as_ref()
            .expect("only an end leaves its event owing");
        let event = terminal_event(outcome);
        self.state.terminal_event_owed = false;
        self.execution_event(event);
    }

    /// Ends the execution because its execution timeout has passed.
    pub fn time_out(&mut self) {
        let seconds = self.base.spec.execution_timeout_seconds;
        let error = ErrorObject {
            message: Some(format!("Execution timed out after {seconds} seconds.")),
            ..ErrorObject::default()
        };
        self.close(Outcome::TimedOut(error), TerminalEvent::AtOnce);
    }
}

fn terminal_event(outcome: &Outcome) -> EventKind {
    match outcome {
        Outcome::Succeeded(result) => EventKind::ExecutionSucceeded {
            result: result.clone(),
        },
        Outcome::Failed(error) => EventKind::ExecutionFailed {
            error: error.clone(),
        },
        Outcome::TimedOut(error) => EventKind::ExecutionTimedOut {
            error: error.clone(),
        },
        Outcome::Stopped(error) => EventKind::ExecutionStopped {
            error: error.clone(),
        },
    }
}
