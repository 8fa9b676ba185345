//! Deadlines that have come due.

use model::{
    Deadline, DeadlineReason, ErrorObject, EventKind, Operation, OperationDetails, OperationId,
    OperationStatus,
};

use crate::draft::{Changed, Draft, unchanged};
use crate::{Answer, Context, Execution, Transition};

/// Fires the deadlines due at `context.now`. Nothing due is no error: deadlines move, and a timer may fire early or
/// twice.
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
    /// Fires every deadline up to now, soonest first, until the execution ends. Deadlines that firing adds are left for
    /// later: the record of an execution that ends here must be readable before it is removed, even with a clock that
    /// jumped.
    pub fn fire_due(&mut self) {
        let mut due = self.due_deadlines();
        // An invocation comes last: it is told of everything that became due with it.
        due.sort_by_key(|deadline| deadline.reason == DeadlineReason::InvocationRetry);
        for deadline in due {
            // A callback's second deadline goes when the first one closes it.
            if !self.ends() && self.holds(&deadline) {
                self.fire(&deadline);
            }
        }
    }

    fn fire(&mut self, deadline: &Deadline) {
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
