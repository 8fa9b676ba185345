//! One input of one execution: apply, commit, absorb, act.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use engine::{Answer, Context, Execution, Input, Transition};
use model::ExecutionId;
use store::{CommitError, StoreFault};

use crate::aside::panic_text;
use crate::driver::Inner;
use crate::to_the_end::ToTheEnd;
use crate::{Driver, ProcessError};

/// How often an input is applied again because another writer was faster. With one server it never
/// happens; with several, losing so many races in a row means something is wrong.
const ATTEMPTS_MAX: u32 = 8;

impl Driver {
    /// Applies an input to an execution. When this returns `Ok`, the outcome is durable.
    ///
    /// Cancel safe: dropping the future does not stop the input from being processed.
    ///
    /// # Errors
    /// See [`ProcessError`]; the execution is then unchanged, except that after a fault whose outcome the store could
    /// not tell either, the input may have been committed. Its effects then run once the store answers.
    pub async fn process(&self, id: &ExecutionId, input: Input) -> Result<Answer, ProcessError> {
        if self.inner.tasks.is_closed() {
            return Err(ProcessError::ShuttingDown);
        }
        let driver = self.clone();
        let id = id.clone();
        let at_work = self.inner.clock.work();
        let work = async move {
            let _at_work = at_work;
            driver.process_here(&id, input).await
        };
        ToTheEnd::of(&self.inner.tasks, work).await
    }

    /// As [`Driver::process`], in the caller's task: for tasks that are never cancelled half way.
    pub(crate) async fn process_here(
        &self,
        id: &ExecutionId,
        input: Input,
    ) -> Result<Answer, ProcessError> {
        if let Some(reason) = self.inner.aside.reason(id) {
            let id = id.clone();
            return Err(ProcessError::SetAside { id, reason });
        }
        let lease = self.inner.residents.lease(id);
        let mut resident = lease.slot.execution.lock().await;
        self.process_leased(&mut resident, id, input).await
    }

    /// Like [`Driver::process_here`], for a caller that holds the execution.
    pub(crate) async fn process_leased(
        &self,
        resident: &mut Option<Execution>,
        id: &ExecutionId,
        input: Input,
    ) -> Result<Answer, ProcessError> {
        // Where another server may have changed it since, the execution in memory must not refuse anything for good,
        // nor repeat an earlier answer.
        let mut may_be_old = resident.is_some() && self.inner.territory.is_shared();
        for _ in 0..ATTEMPTS_MAX {
            let execution = self.inner.resident(resident, id).await?;
            let transition = match self.apply(execution, input.clone()) {
                Err(ProcessError::Rejected(_)) if std::mem::take(&mut may_be_old) => {
                    *resident = None;
                    continue;
                }
                applied => applied?,
            };
            if transition.is_empty() {
                if std::mem::take(&mut may_be_old) {
                    *resident = None;
                    continue;
                }
                return Ok(transition.answer);
            }
            let transition = Arc::new(transition);
            // Put back only once it equals the stored one: a later caller must not find it after a commit that was
            // given up half way, or whose transition was taken in half way.
            let mut execution = resident.take().expect("it was found, or loaded");
            match self.inner.store.commit(Arc::clone(&transition)).await {
                Ok(()) => {
                    self.take_in(&mut execution, &transition)?;
                    if !transition.removes {
                        *resident = Some(execution);
                    }
                    return Ok(transition.answer.clone());
                }
                // The execution in memory differs from the stored one: load it again.
                Err(CommitError::VersionConflict(_)) => {}
                Err(CommitError::NameTaken(arn)) => {
                    unreachable!("`{arn}` exists; only a start takes a name")
                }
                Err(CommitError::Fault(fault)) => {
                    return match self.settle(resident, &transition, fault).await {
                        Settled::Committed => Ok(transition.answer.clone()),
                        Settled::NotCommitted(fault) => Err(fault.into()),
                        Settled::Unknown(fault) => {
                            let lease = self.inner.residents.lease(id);
                            self.settle_later(lease, id.clone());
                            Err(fault.into())
                        }
                    };
                }
            }
        }
        Err(ProcessError::Contended(id.clone()))
    }

    /// Applies an input. A panic in there is a bug that concerns this execution: it is set aside.
    fn apply(&self, execution: &Execution, input: Input) -> Result<Transition, ProcessError> {
        let context = self.inner.context(&execution.spec.arn.id);
        let applied = AssertUnwindSafe(|| engine::apply(execution, input, context));
        match panic::catch_unwind(applied) {
            Ok(applied) => Ok(applied?),
            Err(panic) => Err(self.broken(execution, "apply an input", &panic_text(&*panic))),
        }
    }

    /// Takes a committed transition in and runs its effects.
    pub(crate) fn take_in(
        &self,
        execution: &mut Execution,
        transition: &Transition,
    ) -> Result<(), ProcessError> {
        let taken = AssertUnwindSafe(|| {
            execution.absorb(transition);
            self.committed(execution, transition);
        });
        panic::catch_unwind(taken).map_err(|panic| {
            let reason = panic_text(&*panic);
            self.broken(execution, "take a transition in", &reason)
        })
    }

    fn broken(&self, execution: &Execution, attempted: &str, reason: &str) -> ProcessError {
        let id = execution.spec.arn.id.clone();
        self.set_aside(&id, attempted, reason);
        ProcessError::SetAside {
            id,
            reason: format!("{attempted}: {reason}"),
        }
    }

    /// Finds out whether a commit that ended in a fault has landed, by reading the version: if so, its effects run and
    /// it counts. The next user loads the execution again.
    pub(crate) async fn settle(
        &self,
        resident: &mut Option<Execution>,
        transition: &Transition,
        fault: StoreFault,
    ) -> Settled {
        *resident = None;
        if !fault.outcome_unknown {
            return Settled::NotCommitted(fault);
        }
        let id = &transition.spec.arn.id;
        match self.inner.store.load(id).await {
            Ok(Some(stored)) if stored.state == transition.state && !transition.removes => {
                let error = &fault as &dyn std::error::Error;
                tracing::warn!(execution = %id, error, "a commit failed, and had landed all the same");
                let execution = resident.insert(stored);
                self.committed(execution, transition);
                Settled::Committed
            }
            Ok(None) if transition.removes => Settled::Committed,
            Ok(_) => Settled::NotCommitted(fault),
            Err(_) => Settled::Unknown(fault),
        }
    }

    /// After a commit: logs, timers, notices, effects.
    pub(crate) fn committed(&self, execution: &Execution, transition: &Transition) {
        let state = &transition.state;
        tracing::debug!(
            execution = %execution.spec.arn.id,
            version = state.version,
            events = transition.events.len(),
            status = ?state.status(),
            "transition committed",
        );
        let ended = state.outcome.is_some() && !state.terminal_event_owed;
        let id = &transition.spec.arn.id;
        self.inner.changes.note(id, ended);
        // One that stood still may have committed for an execution that another server has taken over meanwhile.
        if !self.inner.territory.has(id) || !self.holds_its_lease() {
            self.leave_to_its_owner(execution);
            return;
        }
        if let Some(deadline) = &state.next_deadline {
            self.inner.alarm.set(deadline.at);
        }
        for effect in &transition.effects {
            self.run_effect(execution, effect);
        }
        self.call_off_invocation(execution);
    }
}

/// The outcome of a commit that ended in a fault.
pub(crate) enum Settled {
    Committed,
    NotCommitted(StoreFault),
    /// The store does not answer.
    Unknown(StoreFault),
}

impl Inner {
    /// The context in which an input of this execution is applied.
    pub fn context(&self, id: &ExecutionId) -> Context<'_> {
        Context {
            now: self.clock.now(),
            chance: self.seeds.chance(),
            limits: &self.limits,
            owner: self.territory.owner(id).unwrap_or(self.owner),
        }
    }

    /// The execution in memory, loaded if it is not there.
    pub async fn resident<'a>(
        &self,
        resident: &'a mut Option<Execution>,
        id: &ExecutionId,
    ) -> Result<&'a mut Execution, ProcessError> {
        match resident {
            Some(execution) => Ok(execution),
            empty => {
                let loaded = self.store.load(id).await?;
                let loaded = loaded.ok_or_else(|| ProcessError::UnknownExecution(id.clone()))?;
                Ok(empty.insert(loaded))
            }
        }
    }
}
