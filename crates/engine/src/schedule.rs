//! When the function is invoked: at once, after a while, or not before the end of a pause.

use std::time::Duration;

use model::Invocation;

use crate::Effect;
use crate::draft::Draft;
use crate::execution::invocation_deadline;

impl Draft<'_> {
    /// Schedules an invocation if the execution is suspended and has something new for it.
    pub fn trigger(&mut self) {
        let idle = matches!(self.state.invocation, Invocation::Idle);
        let runs = self.state.outcome.is_none() && !self.state.is_paused();
        if runs && idle && self.has_untold_changes() {
            self.schedule_invocation();
        }
    }

    /// Schedules the next invocation, with a token of its own: tokens of earlier ones are dead. While a pause is in
    /// effect the invocation is owed until the resume.
    pub fn schedule_invocation(&mut self) {
        assert!(
            self.state.outcome.is_none(),
            "an ended execution is not invoked"
        );
        if self.owe_invocation() {
            return;
        }
        if let Some(deadline) = invocation_deadline(&self.state.invocation) {
            self.remove_deadline(deadline);
        }
        self.state.invocation_count += 1;
        self.state.invocation = Invocation::Active {
            number: self.state.invocation_count,
            request_id: self.chance.request_id(),
            nonce: self.chance.nonce(),
            scheduled_at: self.now,
            owner: self.owner,
        };
        self.state.token_sequence = 1;
        self.state.last_checkpoint = None;
        self.tell_changes();
        self.effects.push(Effect::Invoke);
    }

    /// Schedules the next invocation for later, after so many failures in a row. While a pause is in
    /// effect the invocation is owed until the resume.
    pub fn back_off(&mut self, failures: u32) {
        if self.owe_invocation() {
            return;
        }
        let until = self.now + invocation_retry_delay(failures);
        self.state.invocation = Invocation::BackingOff { until };
        if let Some(deadline) = invocation_deadline(&self.state.invocation) {
            self.add_deadline(deadline);
        }
    }

    /// Leaves an invocation to the resume of a paused execution; says whether it is paused.
    fn owe_invocation(&mut self) -> bool {
        if !self.state.is_paused() {
            return false;
        }
        if let Some(pause) = &mut self.state.pause {
            pause.owes_invocation = true;
        }
        self.state.invocation = Invocation::Idle;
        true
    }
}

/// How long to wait before the function is invoked again after so many failures in a row: one
/// second, doubling, at most a minute. AWS says "exponential" and publishes no numbers.
fn invocation_retry_delay(failures: u32) -> Duration {
    const DELAY_MAX: Duration = Duration::from_secs(60);
    let doublings = failures.saturating_sub(1).min(6);
    Duration::from_secs(1 << doublings).min(DELAY_MAX)
}
