//! The end of an invocation, and what it means for the execution.

use model::{ErrorObject, EventKind, Invocation, Outcome, RequestId, Timestamp};

use crate::close::TerminalEvent;
use crate::draft::Draft;
use crate::{Answer, Context, Execution, InvocationOutcome, Output, Rejection, Transition};

/// Records the end of the running invocation and decides what follows.
pub(crate) fn ended(
    execution: &Execution,
    request_id: RequestId,
    started_at: Timestamp,
    outcome: InvocationOutcome,
    context: Context<'_>,
) -> Result<Transition, Rejection> {
    match &execution.state.invocation {
        Invocation::Active {
            request_id: running,
            ..
        } if *running == request_id => {}
        Invocation::Active { .. } | Invocation::Idle | Invocation::BackingOff { .. } => {
            return Err(Rejection::InvocationNotRunning(request_id));
        }
    }
    let mut draft = Draft::new(execution, context);
    if outcome == InvocationOutcome::NotStarted {
        draft.invocation_not_started();
        return Ok(draft.finish(|_| Answer::Done));
    }
    let outcome = checked(outcome, draft.base);
    let cut_short = execution.state.is_cut_short();
    let error = match &outcome {
        // With its token gone, PENDING is all that an SDK can answer.
        InvocationOutcome::Returned(_) if cut_short => None,
        InvocationOutcome::Returned(Output::Pending) if draft.has_nothing_to_wait_for() => {
            Some(protocol_error(NOTHING_PENDING))
        }
        other => reported_error(other),
    };
    draft.clear_invocation();
    draft.append(
        None,
        EventKind::InvocationCompleted {
            request_id,
            started_at,
            ended_at: draft.now,
            error,
        },
    );
    if draft.state.outcome.is_some() {
        // The function's answer no longer counts after the execution has ended.
        draft.settle_terminal_event();
    } else if cut_short {
        // The resume may have come before this: then the function is invoked now, and told all. Unless
        // yet another pause came after the resume: that takes effect, and owes the invocation.
        if draft.is_pausing() {
            draft.take_pause_into_effect(true);
        }
        draft.fire_due();
        if draft.state.outcome.is_none() {
            draft.schedule_invocation();
        }
    } else {
        if draft.is_pausing() && !outcome.ends_execution() {
            draft.take_pause_into_effect(false);
        }
        draft.conclude(outcome);
    }
    Ok(draft.finish(|_| Answer::Done))
}

/// Replaces an answer that breaks a limit by the failure that it comes to.
fn checked(outcome: InvocationOutcome, execution: &Execution) -> InvocationOutcome {
    let bytes_max = execution.spec.result_bytes_max;
    match outcome {
        InvocationOutcome::Returned(Output::Succeeded(Some(result)))
            if result.len() > bytes_max =>
        {
            let message = format!(
                "Execution output payload size must be less than or equal to {bytes_max} bytes."
            );
            InvocationOutcome::Returned(Output::Invalid(message))
        }
        other => other,
    }
}

impl InvocationOutcome {
    /// Whether the answer is the execution's end, pause or not.
    fn ends_execution(&self) -> bool {
        match self {
            Self::Returned(Output::Succeeded(_) | Output::Failed(_) | Output::Invalid(_))
            | Self::Unavailable(_) => true,
            Self::Returned(Output::Pending)
            | Self::FunctionError(_)
            | Self::Interrupted(_)
            | Self::NotStarted
            | Self::Lost => false,
        }
    }
}

fn reported_error(outcome: &InvocationOutcome) -> Option<ErrorObject> {
    match outcome {
        InvocationOutcome::Returned(Output::Succeeded(_) | Output::Pending)
        | InvocationOutcome::NotStarted => None,
        InvocationOutcome::Returned(Output::Failed(error))
        | InvocationOutcome::FunctionError(error)
        | InvocationOutcome::Interrupted(error)
        | InvocationOutcome::Unavailable(error) => Some(error.clone()),
        InvocationOutcome::Returned(Output::Invalid(message)) => Some(protocol_error(message)),
        InvocationOutcome::Lost => Some(ErrorObject::new(
            "Service.InvocationLost",
            "The server stopped while this invocation was running.",
        )),
    }
}

const NOTHING_PENDING: &str = "Cannot return PENDING status with no pending operations.";

fn protocol_error(message: &str) -> ErrorObject {
    ErrorObject::new("InvalidParameterValueException", message)
}

impl Draft<'_> {
    /// The function does nothing from here on; its token is dead.
    fn clear_invocation(&mut self) {
        self.state.invocation = Invocation::Idle;
        self.state.token_sequence = 0;
        self.state.last_checkpoint = None;
    }

    /// Takes a scheduled invocation back that no process was given.
    fn invocation_not_started(&mut self) {
        self.clear_invocation();
        // The next one takes its number. Its tokens differ all the same, by their nonce.
        self.state.invocation_count -= 1;
        if self.state.outcome.is_some() {
            self.settle_terminal_event();
        } else if self.is_pausing() {
            self.take_pause_into_effect(true);
        } else {
            // A resume was faster.
            self.fire_due();
            if self.state.outcome.is_none() {
                self.schedule_invocation();
            }
        }
    }

    /// Decides the next step after the end of an invocation of an execution that still runs.
    fn conclude(&mut self, outcome: InvocationOutcome) {
        match outcome {
            InvocationOutcome::Returned(Output::Pending) if self.has_nothing_to_wait_for() => {
                self.refuse_pending();
            }
            InvocationOutcome::Returned(output) => {
                self.state.failed_invocations = 0;
                self.state.counted_failures = 0;
                self.state.invalid_pendings = 0;
                self.state.settled_changes = self.state.told_changes;
                self.conclude_output(output);
            }
            InvocationOutcome::FunctionError(error) => {
                self.state.failed_invocations += 1;
                self.state.counted_failures += 1;
                if self.state.counted_failures >= self.limits.failed_invocations_max {
                    self.close(Outcome::Failed(error), TerminalEvent::AtOnce);
                } else {
                    self.back_off(self.state.failed_invocations);
                }
            }
            InvocationOutcome::Interrupted(_) => {
                self.state.failed_invocations = self.state.failed_invocations.saturating_add(1);
                self.back_off(self.state.failed_invocations);
            }
            InvocationOutcome::Unavailable(error) => {
                self.close(Outcome::Failed(error), TerminalEvent::AtOnce);
            }
            InvocationOutcome::Lost | InvocationOutcome::NotStarted => {
                self.fire_due();
                if self.state.outcome.is_none() {
                    self.schedule_invocation();
                }
            }
        }
    }

    fn conclude_output(&mut self, output: Output) {
        match output {
            Output::Succeeded(result) => {
                self.state.bytes += result.as_ref().map_or(0, |result| result.len() as u64);
                self.close(Outcome::Succeeded(result), TerminalEvent::AtOnce);
            }
            Output::Failed(error) => self.close(Outcome::Failed(error), TerminalEvent::AtOnce),
            Output::Invalid(message) => {
                self.close(
                    Outcome::Failed(protocol_error(&message)),
                    TerminalEvent::AtOnce,
                );
            }
            Output::Pending => self.suspend(),
        }
    }

    /// Whether nothing but the function could move the execution on: no operation that something
    /// else brings to an end, and no change that the function was not told of.
    fn has_nothing_to_wait_for(&self) -> bool {
        let runs = self.state.outcome.is_none();
        runs && self.state.pending_count == 0 && !self.has_untold_changes()
    }

    /// The function waits. It is invoked again at once if it was not told of some change.
    fn suspend(&mut self) {
        self.fire_due();
        self.trigger();
    }

    /// The function says that it waits, but nothing would ever come: it is asked again, and
    /// after a few times the execution fails.
    fn refuse_pending(&mut self) {
        self.state.invalid_pendings += 1;
        if self.state.invalid_pendings >= self.limits.invalid_pendings_max {
            let error = protocol_error(NOTHING_PENDING);
            self.close(Outcome::Failed(error), TerminalEvent::AtOnce);
        } else {
            self.back_off(self.state.invalid_pendings);
        }
    }
}
