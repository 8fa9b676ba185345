//! Deadlines that have come due.

use model::{
    Deadline, DeadlineReason, ErrorObject, EventKind, Operation, OperationDetails, OperationId,
    OperationStatus,
};

use crate::close::is_retention;
use crate::draft::{Changed, Draft, unchanged};
use crate::{Answer, Context, Execution, Transition};

/// Does what is due at `context.now`. Nothing due is no error: deadlines move, and a timer may fire
/// early or twice.
pub(crate) fn reached(execution: &Execution, context: Context<'_>) -> Transition {
    let due = execution
        .state
        .next_deadline
        .as_ref()
        .is_some_and(|next| next.at <= context.now);
    if !due {
        return unchanged(execution, Answer::Done);
    }
    let mut draft = Draft::new(execution, context);
    draft.fire_due();
    draft.trigger();
    draft.finish(|_| Answer::Done)
}

impl Draft<'_> {
    /// Fires every deadline up to now, soonest first, until none is left or the execution ends.
    pub fn fire_due(&mut self) {
        while let Some(deadline) = self.next_deadline().filter(|next| next.at <= self.now) {
            if is_retention(&deadline) {
                // Only for an execution that ended before this draft: the record of one that ends
                // here is to be read first, even with a clock that jumped.
                if self.base.state.outcome.is_some() {
                    self.remove_execution();
                }
                return;
            }
            self.fire(deadline);
        }
    }

    fn fire(&mut self, deadline: Deadline) {
        match &deadline.reason {
            DeadlineReason::ExecutionTimeout => self.time_out(),
            DeadlineReason::InvocationRetry => self.schedule_invocation(),
            DeadlineReason::WaitElapsed(id) => self.wait_elapsed(id),
            DeadlineReason::StepRetry(id) => self.step_ready(id),
            DeadlineReason::CallbackTimeout(id) => {
                self.callback_timed_out(id, "Callback.Timeout", "Callback timed out");
            }
            DeadlineReason::CallbackHeartbeat(id) => {
                let message = "Callback timed out on heartbeat";
                self.callback_timed_out(id, "Callback.Heartbeat", message);
            }
            DeadlineReason::RetentionElapsed => self.remove_execution(),
        }
    }

    fn due_operation(&self, id: &OperationId) -> Operation {
        self.operation(id)
            .expect("a deadline names a recorded operation")
            .clone()
    }

    fn wait_elapsed(&mut self, id: &OperationId) {
        let mut operation = self.due_operation(id);
        if let OperationDetails::Wait { seconds, .. } = operation.details {
            operation.status = OperationStatus::Succeeded;
            operation.ended_at = Some(self.now);
            self.event(&operation, EventKind::WaitSucceeded { seconds });
            self.put(operation, Changed::ByService);
        }
    }

    /// A step that becomes READY leaves no event (protocol reference, section 8.4).
    fn step_ready(&mut self, id: &OperationId) {
        let mut operation = self.due_operation(id);
        if let OperationDetails::Step {
            next_attempt_at, ..
        } = &mut operation.details
        {
            *next_attempt_at = None;
            operation.status = OperationStatus::Ready;
            self.put(operation, Changed::ByService);
        }
    }

    fn callback_timed_out(&mut self, id: &OperationId, error_type: &str, message: &str) {
        let mut operation = self.due_operation(id);
        let timed_out = ErrorObject::new(error_type, message);
        if let OperationDetails::Callback { error, .. } = &mut operation.details {
            *error = Some(timed_out.clone());
            operation.status = OperationStatus::TimedOut;
            operation.ended_at = Some(self.now);
            self.event(&operation, EventKind::CallbackTimedOut { error: timed_out });
            self.put(operation, Changed::ByService);
        }
    }
}
