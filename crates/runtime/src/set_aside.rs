//! Executions that cannot be worked on: unreadable records, a transition that panics, a deadline that always
//! fails. Each is set aside, so that the others continue, and left alone until an operator retries it.

use std::collections::BTreeMap;

use model::{ExecutionId, Shards};
use stdx::error_chain;
use store::{SetAside, StoreFault};

use crate::{Driver, ProcessError};

/// The result of trying again an execution that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TriedAgain {
    /// It goes on.
    TakenBack,
    /// It failed again, and is set aside again.
    SetAside(SetAside),
    /// It is not set aside.
    Unknown,
}

impl Driver {
    /// Is ready once an execution is set aside: for callers that wait for its end, which does not come. Cancel safe.
    pub async fn wait_set_aside(&self, id: &ExecutionId) -> SetAside {
        self.inner.aside.added(id).await
    }

    /// Sets an execution aside.
    pub(crate) fn set_aside(&self, id: &ExecutionId, attempted: &str, reason: &str) {
        tracing::error!(execution = %id, attempted, reason, "an execution is set aside");
        let record = SetAside {
            execution_id: id.clone(),
            set_aside_at: self.now(),
            attempted: attempted.to_owned(),
            reason: reason.to_owned(),
        };
        self.inner.aside.add(record.clone());
        self.inner.changes.note(id, false);
        let driver = self.clone();
        self.spawn(async move {
            // Without it the next run finds out for itself: worth a warning, no more.
            if let Err(fault) = driver.inner.store.set_aside(record).await {
                let error = &fault as &dyn std::error::Error;
                tracing::warn!(error, "failed to record that an execution is set aside");
            }
        });
    }

    /// As [`Driver::set_aside`], for failures that trying again would not mend.
    pub(crate) fn set_aside_if_broken(
        &self,
        id: &ExecutionId,
        attempted: &str,
        error: &ProcessError,
    ) {
        match error {
            ProcessError::Fault(fault) if self.is_broken(fault) => {
                self.set_aside(id, attempted, &error_chain(fault));
            }
            ProcessError::Fault(_)
            | ProcessError::UnknownExecution(_)
            | ProcessError::Rejected(_)
            | ProcessError::Contended(_)
            | ProcessError::SetAside { .. }
            | ProcessError::ShuttingDown => {}
        }
    }

    /// Whether a fault is about the one execution: trying again would not mend it, and the store works for others. A
    /// read-only disk or a closed store concerns all executions.
    pub(crate) fn is_broken(&self, fault: &StoreFault) -> bool {
        !fault.retryable && self.store_works() && !self.inner.shutdown.is_cancelled()
    }

    pub(crate) fn store_works(&self) -> bool {
        self.inner.store.health().is_healthy()
    }

    /// Reads the executions that earlier runs set aside, once.
    pub(crate) async fn read_aside(&self) -> Result<(), StoreFault> {
        self.inner.aside.read_once(self.inner.store.as_ref()).await
    }

    /// Reads again the executions set aside in shards that another server has driven so far.
    pub(crate) async fn read_aside_of(&self, shards: Shards) -> Result<(), StoreFault> {
        let stored = self.inner.store.executions_set_aside().await?;
        let gained = |id: &ExecutionId| shards.contains(id.shard());
        for known in self.executions_set_aside() {
            let id = known.execution_id;
            if gained(&id) && !stored.iter().any(|record| record.execution_id == id) {
                self.inner.aside.remove(&id);
            }
        }
        let new = stored
            .into_iter()
            .filter(|record| gained(&record.execution_id));
        for record in new {
            self.inner.aside.add(record);
        }
        Ok(())
    }

    /// All executions that this server drives or drove and that are set aside, in order of id.
    pub fn executions_set_aside(&self) -> Vec<SetAside> {
        self.inner.aside.all()
    }

    /// As [`Driver::executions_set_aside`], of all servers that share the store.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn set_aside_anywhere(&self) -> Result<Vec<SetAside>, StoreFault> {
        if !self.inner.territory.is_shared() {
            return Ok(self.executions_set_aside());
        }
        let stored = self.inner.store.executions_set_aside().await?;
        let by_id = |record: SetAside| (record.execution_id.clone(), record);
        let elsewhere = stored.into_iter().map(by_id);
        let elsewhere = elsewhere.filter(|(id, _)| !self.drives(id));
        let mut all: BTreeMap<_, _> = elsewhere.collect();
        // For its own shards this server knows better: its records may not have been written yet.
        let own = self.executions_set_aside().into_iter().map(by_id);
        all.extend(own.filter(|(id, _)| self.drives(id)));
        Ok(all.into_values().collect())
    }

    /// Why an execution is set aside, by any server; `None` when it is not.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn set_aside_record(&self, id: &ExecutionId) -> Result<Option<SetAside>, StoreFault> {
        if self.drives(id) {
            return Ok(self.inner.aside.get(id));
        }
        let all = self.inner.store.executions_set_aside().await?;
        Ok(all.into_iter().find(|record| record.execution_id == *id))
    }

    /// Whether an execution rests until an operator has it tried again.
    pub fn is_set_aside(&self, id: &ExecutionId) -> bool {
        self.inner.aside.contains(id)
    }

    /// How many executions are set aside.
    pub fn set_aside_count(&self) -> usize {
        self.inner.aside.count()
    }

    /// Takes an execution back that was set aside, and goes on with it.
    ///
    /// # Errors
    /// When the store fails; the execution then stays set aside.
    pub async fn try_again(&self, id: &ExecutionId) -> Result<TriedAgain, StoreFault> {
        // Right after the start it may not be known yet.
        self.read_aside().await?;
        if !self.drives(id) {
            return self.try_again_elsewhere(id).await;
        }
        let Some(record) = self.inner.aside.remove(id) else {
            // The shard may have come here a moment ago.
            return match self.inner.territory.is_shared() {
                true => self.try_again_elsewhere(id).await,
                false => Ok(TriedAgain::Unknown),
            };
        };
        if let Err(fault) = self.inner.store.take_back(id).await {
            self.inner.aside.add(record);
            return Err(fault);
        }
        self.inner.changes.note(id, false);
        self.take_up(id).await;
        // Deadlines that came due meanwhile fail at once, if they fail.
        if !self.inner.aside.contains(id) {
            self.fire(id).await;
        }
        self.inner.alarm.set(self.now());
        let again = self.inner.aside.get(id);
        Ok(again.map_or(TriedAgain::TakenBack, TriedAgain::SetAside))
    }
}

impl Driver {
    /// Takes back an execution that another server drives, which is told to go on with it.
    async fn try_again_elsewhere(&self, id: &ExecutionId) -> Result<TriedAgain, StoreFault> {
        let aside = self.inner.store.executions_set_aside().await?;
        if !aside.iter().any(|record| record.execution_id == *id) {
            return Ok(TriedAgain::Unknown);
        }
        self.inner.store.take_back(id).await?;
        self.inner.territory.outbox().add([id.clone()]);
        Ok(TriedAgain::TakenBack)
    }

    /// Whether another server has taken an execution back that is set aside here.
    pub(crate) async fn look_whether_taken_back(&self, id: &ExecutionId) {
        let attempted = "read what is set aside";
        let read = || self.inner.store.executions_set_aside();
        let Some(aside) = self.until_it_works(attempted, read).await else {
            return;
        };
        if !aside.iter().any(|record| record.execution_id == *id) {
            self.inner.aside.remove(id);
        }
    }
}
