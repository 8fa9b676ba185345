//! Taking up what a dead server left.

use engine::{Input, InvocationOutcome};
use model::{ExecutionId, Invocation};
use store::StoreFault;

use crate::{Driver, ProcessError};

/// Rows read at once.
const PAGE: usize = 256;

impl Driver {
    /// Reports every invocation of the dead server lost (which schedules the next one), repeats
    /// outstanding effects, and takes up accepted asynchronous invocations. Deadlines that passed
    /// meanwhile are the timer loop's. Returns how many executions were taken up.
    ///
    /// # Errors
    /// When the store fails: the server must not start then.
    pub async fn recover(&self) -> Result<usize, ProcessError> {
        let mut recovered = 0;
        let mut after = None;
        loop {
            let page = self.inner.store.owing_work(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.clone());
            for id in &page {
                self.recover_execution(id).await?;
                recovered += 1;
            }
        }
        self.recover_queue().await?;
        Ok(recovered)
    }

    async fn recover_execution(&self, id: &ExecutionId) -> Result<(), ProcessError> {
        let Some(execution) = self.inner.store.load(id).await? else {
            return Ok(());
        };
        for effect in execution.outstanding_effects() {
            self.run_effect(&execution, &effect);
        }
        let Invocation::Active {
            request_id,
            scheduled_at,
            ..
        } = &execution.state.invocation
        else {
            return Ok(());
        };
        tracing::info!(execution = %id, invocation = %request_id, "invocation was lost; repeating it");
        let input = Input::InvocationEnded {
            request_id: request_id.clone(),
            started_at: *scheduled_at,
            outcome: InvocationOutcome::Lost,
        };
        self.process(id, input).await.map(drop)
    }

    async fn recover_queue(&self) -> Result<(), StoreFault> {
        let mut after = None;
        loop {
            let page = self.inner.store.queued(after, PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            after = Some(*last);
            for (id, invocation) in page {
                self.resume_queued(id, invocation);
            }
        }
    }
}
