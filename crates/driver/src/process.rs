//! One input of one execution: apply, commit, absorb, act.

use std::sync::Arc;

use engine::{Answer, Context, Execution, Input, Transition};
use model::{ExecutionId, Invocation};
use store::CommitError;

use crate::driver::Inner;
use crate::resident::Slot;
use crate::to_the_end::ToTheEnd;
use crate::{Driver, ProcessError};

/// How often an input is applied again because another writer was faster. With one server it never
/// happens; with several, losing so many races in a row means something is wrong.
const ATTEMPTS_MAX: u32 = 8;

impl Driver {
    /// Applies an input to an execution. When this returns `Ok`, the outcome is durable.
    ///
    /// Cancel safe: once called, the input is processed to its end, whoever still listens.
    ///
    /// # Errors
    /// See [`ProcessError`]; the execution is then unchanged, except that after a fault the input
    /// may have been committed with its acknowledgement lost.
    pub async fn process(&self, id: &ExecutionId, input: Input) -> Result<Answer, ProcessError> {
        if self.inner.tasks.is_closed() {
            return Err(ProcessError::ShuttingDown);
        }
        let driver = self.clone();
        let id = id.clone();
        let work = async move { driver.process_here(&id, input).await };
        ToTheEnd::of(&self.inner.tasks, work).await
    }

    /// As [`Driver::process`], in the caller's task: for tasks that nobody cancels half way.
    pub(crate) async fn process_here(
        &self,
        id: &ExecutionId,
        input: Input,
    ) -> Result<Answer, ProcessError> {
        let lease = self.inner.residents.lease(id);
        let mut resident = lease.slot.execution.lock().await;
        for _ in 0..ATTEMPTS_MAX {
            let execution = match &mut *resident {
                Some(execution) => execution,
                empty => empty.insert(self.inner.load(id).await?),
            };
            let transition = engine::apply(execution, input.clone(), self.inner.context())?;
            if transition.is_empty() {
                lease.slot.keep_if_active(execution);
                return Ok(transition.answer);
            }
            match self.commit(execution, transition).await {
                Ok(transition) => {
                    lease.slot.keep_if_active(execution);
                    if transition.removes {
                        *resident = None;
                    }
                    return Ok(transition.answer.clone());
                }
                // What is in memory is not what is stored, or may not be: load it again.
                Err(error) => {
                    *resident = None;
                    lease.slot.keep(false);
                    match error {
                        CommitError::VersionConflict(_) => {}
                        CommitError::NameTaken(arn) => {
                            unreachable!("`{arn}` exists; only a start takes a name")
                        }
                        CommitError::Fault(fault) => return Err(fault.into()),
                    }
                }
            }
        }
        Err(ProcessError::Contended(id.clone()))
    }

    /// Commits a transition, absorbs it and starts its effects.
    async fn commit(
        &self,
        execution: &mut Execution,
        transition: Transition,
    ) -> Result<Arc<Transition>, CommitError> {
        let transition = Arc::new(transition);
        self.inner.store.commit(Arc::clone(&transition)).await?;
        execution.absorb(&transition);
        self.committed(execution, &transition);
        Ok(transition)
    }

    /// What follows a commit: logs, timers, notices, effects.
    pub(crate) fn committed(&self, execution: &Execution, transition: &Transition) {
        let state = &transition.state;
        tracing::debug!(
            execution = %execution.spec.arn.id,
            version = state.version,
            events = transition.events.len(),
            status = ?state.status(),
            "transition committed",
        );
        if let Some(deadline) = &state.next_deadline {
            self.inner.alarm.set(deadline.at);
        }
        let ended = state.outcome.is_some() && !state.terminal_event_owed;
        self.inner.changes.note(&transition.spec.arn.id, ended);
        for effect in &transition.effects {
            self.run_effect(execution, effect);
        }
    }
}

impl Inner {
    pub fn context(&self) -> Context<'_> {
        Context {
            now: self.clock.now(),
            chance: self.seeds.chance(),
            limits: &self.limits,
        }
    }

    pub async fn load(&self, id: &ExecutionId) -> Result<Execution, ProcessError> {
        let loaded = self.store.load(id).await?;
        loaded.ok_or_else(|| ProcessError::UnknownExecution(id.clone()))
    }
}

impl Slot {
    pub fn keep_if_active(&self, execution: &Execution) {
        self.keep(matches!(
            execution.state.invocation,
            Invocation::Active { .. }
        ));
    }
}
