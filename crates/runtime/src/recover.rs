//! Takes up the work that an earlier run left, while the server is already serving.
//!
//! Each invocation names the run that drives it, so this run's invocations are never mistaken for an earlier run's.
//! Many executions are taken up at a time; one that cannot be read is set aside, and nothing here keeps a server from
//! starting.

use std::time::Duration;

use engine::{Execution, Input, InvocationOutcome};
use futures_util::{StreamExt as _, stream};
use model::{ExecutionId, Invocation, Owner, Shards};

use crate::resident::Lease;
use crate::{Driver, ProcessError};

/// Executions taken up at the same time: they share commits.
const CONCURRENT_MAX: usize = 64;

/// Pause before the store is asked again that failed.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

impl Driver {
    /// Reports every invocation of an earlier run lost (which schedules the next one), repeats outstanding
    /// effects, and takes up accepted asynchronous invocations. Deadlines that passed meanwhile are the timer
    /// loop's, which may run at the same time. While the store fails it tries again. Returns how many
    /// executions were taken up; those that could not be are set aside.
    ///
    /// Call it once.
    pub async fn recover(&self) -> usize {
        self.take_up_all(self.inner.owner, self.inner.territory.shards())
            .await
    }

    /// As [`Driver::recover`], of some shards. Invocations that `except` drives are left alone.
    pub(crate) async fn take_up_all(&self, except: Owner, of: Shards) -> usize {
        let _at_work = self.inner.clock.work();
        self.until_it_works("read what is set aside", || self.read_aside())
            .await;
        let owing = self
            .until_it_works("read which executions owe work", || {
                self.inner.store.owing_work(except, of)
            })
            .await
            .unwrap_or_default();
        let count = owing.len();
        stream::iter(owing)
            .for_each_concurrent(CONCURRENT_MAX, |id| async move { self.take_up(&id).await })
            .await;
        self.recover_queue(of).await;
        count
    }

    /// Tries until it works; `None` when the driver shuts down first.
    pub(crate) async fn until_it_works<T, E, F>(
        &self,
        attempted: &str,
        mut attempt: impl FnMut() -> F,
    ) -> Option<T>
    where
        F: Future<Output = Result<T, E>>,
        E: std::error::Error + Send + 'static,
    {
        loop {
            let error = match attempt().await {
                Ok(value) => return Some(value),
                Err(error) => error,
            };
            {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, attempted, "the store failed; trying again");
            }
            drop(error);
            tokio::select! {
                biased;
                () = self.inner.shutdown.cancelled() => return None,
                () = async { self.inner.clock.sleep(RETRY_PAUSE).await } => {}
            }
        }
    }

    /// Goes on with an execution as the store has it: repeats the effects of its records that are not in hand, and
    /// reports an invocation of an earlier run lost. After a failure it tries again, or sets the execution aside.
    pub(crate) async fn take_up(&self, id: &ExecutionId) {
        let _at_work = self.inner.clock.work();
        loop {
            let error = match self.try_take_up(id).await {
                Ok(()) | Err(ProcessError::UnknownExecution(_) | ProcessError::ShuttingDown) => {
                    return;
                }
                Err(error) => error,
            };
            match &error {
                ProcessError::Fault(fault) if !self.is_broken(fault) => {}
                ProcessError::Contended(_) => {}
                // Another server was faster, and there is something else to do, or nothing.
                ProcessError::Rejected(_) => continue,
                // It was set aside when the problem was noticed.
                ProcessError::SetAside { .. } => return,
                broken => {
                    let reason = stdx::error_chain(broken);
                    self.set_aside(id, "go on with it", &reason);
                    return;
                }
            }
            {
                let error = &error as &dyn std::error::Error;
                tracing::error!(execution = %id, error, "failed to go on with an execution; trying again");
            }
            tokio::select! {
                biased;
                () = self.inner.shutdown.cancelled() => return,
                () = async { self.inner.clock.sleep(RETRY_PAUSE).await } => {}
            }
        }
    }

    /// Goes on with an execution that another server says it has changed.
    pub(crate) fn look_at(&self, id: ExecutionId) {
        let driver = self.clone();
        self.spawn(async move {
            if driver.inner.aside.contains(&id) {
                driver.look_whether_taken_back(&id).await;
            }
            driver.inner.changes.note(&id, false);
            driver.take_up(&id).await;
        });
    }

    async fn try_take_up(&self, id: &ExecutionId) -> Result<(), ProcessError> {
        let lease = self.inner.residents.lease(id);
        let mut resident = lease.slot.execution.lock().await;
        // The execution in memory differs from the stored one if another server has driven it meanwhile.
        *resident = None;
        let execution = self.inner.resident(&mut resident, id).await?;
        if !self.inner.territory.has(id) {
            return Ok(());
        }
        self.follow_up(execution);
        let Invocation::Active {
            request_id,
            scheduled_at,
            owner,
            ..
        } = &execution.state.invocation
        else {
            return Ok(());
        };
        if *owner == self.inner.owner {
            return Ok(());
        }
        let outcome = match *owner {
            Owner::NOBODY => InvocationOutcome::NotStarted,
            _ => {
                tracing::info!(execution = %id, invocation = %request_id, "invocation was lost; repeating it");
                InvocationOutcome::Lost
            }
        };
        let ended = Input::InvocationEnded {
            request_id: request_id.clone(),
            started_at: *scheduled_at,
            outcome,
        };
        self.process_leased(&mut resident, id, ended)
            .await
            .map(drop)
    }

    /// Runs the effects of an execution's records that are not in hand: after a commit of an unknown outcome, or of an
    /// earlier run.
    pub(crate) fn follow_up(&self, execution: &Execution) {
        if let Some(deadline) = &execution.state.next_deadline {
            self.inner.alarm.set(deadline.at);
        }
        for effect in execution.outstanding_effects() {
            self.run_effect(execution, &effect);
        }
        if execution.state.outcome.is_some() {
            self.announce_end(execution);
            self.call_off_invocation(execution);
        } else if execution.state.invocation_owner() == Some(self.inner.owner) {
            self.invoke_in_turn(execution);
        }
    }

    /// Settles a commit of unknown outcome, in a task of its own: once the store answers, the effects of the stored
    /// records run.
    pub(crate) fn settle_later(&self, lease: Lease, id: ExecutionId) {
        let driver = self.clone();
        self.spawn(async move {
            driver.take_up(&id).await;
            drop(lease);
        });
    }
}
