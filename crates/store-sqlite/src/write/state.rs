//! The state row.

use model::{
    ClientToken, Deadline, DeadlineReason, ExecutionState, Invocation, OperationId, Pause,
};

use crate::cells::Parameters;

impl Parameters<'_, '_> {
    /// The key and all that is not indexed of a state: 34 parameters.
    pub(super) fn add_state(&mut self, key: i64, state: &ExecutionState) -> rusqlite::Result<()> {
        let ExecutionState {
            version,
            outcome: _,
            ended_at,
            terminal_event_owed,
            event_id_last,
            invocation,
            invocation_count,
            token_sequence,
            last_checkpoint,
            service_changes,
            told_changes,
            settled_changes,
            failed_invocations,
            counted_failures,
            invalid_pendings,
            operation_count,
            pending_count,
            open_chained_invokes,
            bytes,
            pause,
            timeout_paused_for,
            resume_client_token,
            next_deadline: _,
        } = state;
        self.add(key)?;
        self.add(version.cast_signed())?;
        self.add_instant(*ended_at)?;
        self.add(terminal_event_owed)?;
        self.add(event_id_last.cast_signed())?;
        self.add_invocation(invocation)?;
        self.add(invocation_count.cast_signed())?;
        self.add(token_sequence.cast_signed())?;
        match last_checkpoint {
            Some(last) => {
                self.add(last.client_token.as_str())?;
                self.add(last.token_sequence.cast_signed())?;
                self.add_ids(&last.answered)?;
            }
            None => self.add_nulls(3),
        }
        self.add(service_changes.cast_signed())?;
        self.add(told_changes.cast_signed())?;
        self.add(settled_changes.cast_signed())?;
        self.add(failed_invocations)?;
        self.add(counted_failures)?;
        self.add(invalid_pendings)?;
        self.add(operation_count)?;
        self.add(pending_count)?;
        self.add(open_chained_invokes)?;
        self.add(bytes.cast_signed())?;
        self.add_pause(pause.as_ref())?;
        self.add(i64::try_from(timeout_paused_for.as_millis()).unwrap_or(i64::MAX))?;
        self.add(resume_client_token.as_ref().map(ClientToken::as_str))
    }

    fn add_pause(&mut self, pause: Option<&Pause>) -> rusqlite::Result<()> {
        let Some(pause) = pause else {
            self.add_nulls(6);
            return Ok(());
        };
        self.add(pause.requested_at.as_millis())?;
        self.add_text(pause.reason.as_ref())?;
        self.add(pause.client_token.as_ref().map(ClientToken::as_str))?;
        self.add(pause.execution_timeout_paused)?;
        self.add_instant(pause.in_effect_since)?;
        self.add(pause.owes_invocation)
    }

    fn add_invocation(&mut self, invocation: &Invocation) -> rusqlite::Result<()> {
        match invocation {
            Invocation::Idle => {
                self.add("IDLE")?;
                self.add_nulls(5);
                Ok(())
            }
            Invocation::Active {
                number,
                request_id,
                nonce,
                scheduled_at,
                owner,
            } => {
                self.add("ACTIVE")?;
                self.add(number.cast_signed())?;
                self.add(request_id.as_str())?;
                self.add(nonce.cast_signed())?;
                self.add(scheduled_at.as_millis())?;
                self.add(owner.0.cast_signed())
            }
            Invocation::BackingOff { until } => {
                self.add("BACKING_OFF")?;
                self.add_nulls(3);
                self.add(until.as_millis())?;
                self.add_nulls(1);
                Ok(())
            }
        }
    }

    /// The three columns of the next deadline.
    pub(super) fn add_deadline(&mut self, deadline: Option<&Deadline>) -> rusqlite::Result<()> {
        let Some(deadline) = deadline else {
            self.add_nulls(3);
            return Ok(());
        };
        let reason = match &deadline.reason {
            DeadlineReason::ExecutionTimeout => "EXECUTION_TIMEOUT",
            DeadlineReason::WaitElapsed(_) => "WAIT_ELAPSED",
            DeadlineReason::StepRetry(_) => "STEP_RETRY",
            DeadlineReason::CallbackTimeout(_) => "CALLBACK_TIMEOUT",
            DeadlineReason::CallbackHeartbeat(_) => "CALLBACK_HEARTBEAT",
            DeadlineReason::InvocationRetry => "INVOCATION_RETRY",
            DeadlineReason::RetentionElapsed => "RETENTION_ELAPSED",
        };
        self.add(deadline.at.as_millis())?;
        self.add(reason)?;
        self.add(deadline.reason.operation_id().map(OperationId::as_str))
    }
}
