//! An input that is created within the store's transaction: the application's writes there and the execution's
//! transition are committed as one.
//!
//! The engine is a pure function, so it can be called where the transaction is: the execution is passed there
//! and comes back. The caller, who knows the store, makes the transaction.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::{Answer, Execution, Input, Rejection, Transition, checkpoint_token};
use model::{CheckpointToken, ExecutionId};
use store::CommitError;

use crate::driver::Inner;
use crate::process::Settled;
use crate::to_the_end::ToTheEnd;
use crate::{Driver, ProcessError};

/// An execution, on its way through a transaction of the store.
pub struct Making {
    inner: Arc<Inner>,
    id: ExecutionId,
    version: u64,
    state: Mutex<State>,
}

struct State {
    /// `None` once it went back.
    execution: Option<Execution>,
    /// The last transition made.
    made: Option<Arc<Transition>>,
}

impl Making {
    /// Which execution.
    pub const fn id(&self) -> &ExecutionId {
        &self.id
    }

    /// The version that the store must have for a transition to be committed.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The transition that an input results in. May be called again; the last answer counts.
    ///
    /// # Errors
    /// When the input is refused.
    pub fn transition(&self, input: Input) -> Result<Arc<Transition>, Rejection> {
        let mut state = self.state();
        state.made = None;
        let execution = state.execution.as_ref();
        let execution = execution.expect("nothing is made after the transaction has ended");
        let made = Arc::new(engine::apply(
            execution,
            input,
            self.inner.context(&self.id),
        )?);
        state.made = Some(Arc::clone(&made));
        Ok(made)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Driver {
    /// Has `commit` make a transition of the execution within a transaction, and runs its effects. `None`: it made
    /// none, and nothing has changed. Cancel safe.
    ///
    /// # Errors
    /// As for [`Driver::process`]; [`ProcessError::Rejected`] before anything is begun unless the token is the one
    /// that the running invocation must present next.
    pub async fn process_within<F, C>(
        &self,
        id: &ExecutionId,
        token: CheckpointToken,
        commit: F,
    ) -> Result<Option<Answer>, ProcessError>
    where
        F: FnOnce(Arc<Making>) -> C + Send + 'static,
        C: Future<Output = Result<bool, CommitError>> + Send + 'static,
    {
        if self.inner.tasks.is_closed() {
            return Err(ProcessError::ShuttingDown);
        }
        let (driver, id) = (self.clone(), id.clone());
        let work = async move { driver.process_within_here(id, token, commit).await };
        ToTheEnd::of(&self.inner.tasks, work).await
    }

    async fn process_within_here<F, C>(
        &self,
        id: ExecutionId,
        token: CheckpointToken,
        commit: F,
    ) -> Result<Option<Answer>, ProcessError>
    where
        F: FnOnce(Arc<Making>) -> C,
        C: Future<Output = Result<bool, CommitError>>,
    {
        if let Some(reason) = self.inner.aside.reason(&id) {
            return Err(ProcessError::SetAside { id, reason });
        }
        let lease = self.inner.residents.lease(&id);
        let mut resident = lease.slot.execution.lock().await;
        let execution = self.inner.resident(&mut resident, &id).await?;
        if checkpoint_token(&execution.spec, &execution.state).as_ref() != Some(&token) {
            return Err(Rejection::invalid_token().into());
        }
        let version = execution.state.version;
        let making = Arc::new(Making {
            inner: Arc::clone(&self.inner),
            id: id.clone(),
            version,
            state: Mutex::new(State {
                execution: resident.take(),
                made: None,
            }),
        });
        let committed = commit(Arc::clone(&making)).await;
        let (execution, made) = {
            let mut state = making.state();
            (state.execution.take(), state.made.take())
        };
        match (committed, made) {
            (Ok(true), Some(made)) => {
                let mut execution = execution.expect("it is taken back once");
                self.take_in(&mut execution, &made)?;
                *resident = Some(execution);
                Ok(Some(made.answer.clone()))
            }
            (Ok(_), _) => {
                *resident = execution;
                Ok(None)
            }
            // Another server has changed it; the next use loads it again.
            (Err(CommitError::VersionConflict(_) | CommitError::NameTaken(_)), _) => {
                Err(ProcessError::Contended(id))
            }
            (Err(CommitError::Fault(fault)), None) => Err(fault.into()),
            (Err(CommitError::Fault(fault)), Some(made)) => {
                match self.settle(&mut resident, &made, fault).await {
                    Settled::Committed => Ok(Some(made.answer.clone())),
                    Settled::NotCommitted(fault) => Err(fault.into()),
                    Settled::Unknown(fault) => {
                        self.settle_later(self.inner.residents.lease(&id), id.clone());
                        Err(fault.into())
                    }
                }
            }
        }
    }
}
