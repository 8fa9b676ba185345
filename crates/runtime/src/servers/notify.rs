//! Telling other servers which of their executions were changed here.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{ExecutionId, Owner};
use store::StoreFault;

use super::statistics::add;
use super::{Cluster, Notice};

/// Pause before word is left again that could neither be told nor left.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// Executions in one notice at the most.
const NOTICE_MAX: usize = 1_000;

impl Cluster {
    /// Tells on and on.
    pub(super) async fn tell_owners(&self) {
        let outbox = self.driver.inner.territory.outbox();
        loop {
            outbox.filled().await;
            if self.state().has_left {
                let told = self.tell_the_rest().await.map_err(|fault| {
                    let error = &fault as &dyn std::error::Error;
                    tracing::warn!(
                        error,
                        "failed to leave word for other servers; trying again"
                    );
                });
                if told.is_err() {
                    self.driver.inner.clock.sleep(RETRY_PAUSE).await;
                }
                continue;
            }
            let mut by_owner = BTreeMap::<Owner, Vec<ExecutionId>>::new();
            let membership = self.membership();
            // Without its lease, nothing that it takes for its own has to be.
            let is_sure = self.driver.holds_its_lease();
            for id in outbox.take() {
                let owner = membership.owners[usize::from(id.shard().0)];
                match owner.filter(|owner| is_sure || *owner != self.id()) {
                    Some(owner) => by_owner.entry(owner).or_default().push(id),
                    None if is_sure && self.driver.drives(&id) => self.driver.look_at(id),
                    // As far as is known here: another server may have taken the shard over already.
                    None => self.told().add(None, [id]),
                }
            }
            for (owner, ids) in by_owner {
                for ids in ids.chunks(NOTICE_MAX) {
                    self.tell_owner(owner, ids.to_vec()).await;
                }
            }
        }
    }

    /// Leaves word for the owners, as the store knows them, of everything that they may not have been told. A leaving
    /// server has no later look that would show it a wrong or missing notice; and it may have stood still for so long
    /// that no other server knows of it. A shard without an owner is looked at by the server that takes it.
    pub(super) async fn tell_the_rest(&self) -> Result<(), StoreFault> {
        let outbox = self.driver.inner.territory.outbox();
        let mut ids = outbox.take();
        ids.extend(self.told().take());
        // It may have begun with these before it noticed that they are another server's.
        ids.extend(self.driver.inner.residents.ids());
        if ids.is_empty() {
            return Ok(());
        }
        let told = async {
            let survey = self.config.servers.survey().await?;
            let mut by_owner = BTreeMap::<Owner, Vec<ExecutionId>>::new();
            for id in &ids {
                if let Some(owner) = survey.owners[usize::from(id.shard().0)] {
                    by_owner.entry(owner).or_default().push(id.clone());
                }
            }
            for (owner, ids) in by_owner {
                add(&self.counters.word_left, ids.len());
                self.config.servers.leave_word(owner, ids).await?;
            }
            Ok(())
        };
        let told = told.await;
        if told.is_err() {
            outbox.add(ids);
        }
        told
    }

    async fn tell_owner(&self, owner: Owner, executions: Vec<ExecutionId>) {
        if owner == self.id() {
            self.hear(Notice {
                executions,
                ..Notice::default()
            });
            return;
        }
        if self.tell(owner, executions.clone()).await {
            self.told().add(Some(owner), executions);
        }
    }

    /// Tells a server, or leaves word for it; returns whether that worked. A failed notice is sent again.
    async fn tell(&self, owner: Owner, executions: Vec<ExecutionId>) -> bool {
        let membership = self.membership();
        let Some(server) = membership.server(owner) else {
            return true;
        };
        let notice = Notice {
            executions: executions.clone(),
            ..Notice::default()
        };
        let Err(reason) = self.config.messenger.tell(server, notice).await else {
            add(&self.counters.notices_told, 1);
            return true;
        };
        add(&self.counters.notices_failed, 1);
        tracing::warn!(
            server = server.address,
            reason,
            "a server is not reached; word is left for it"
        );
        let left = self.config.servers.leave_word(owner, executions.clone());
        let Err(fault) = left.await else {
            add(&self.counters.word_left, executions.len());
            return true;
        };
        {
            let error = &fault as &dyn std::error::Error;
            tracing::error!(
                error,
                "failed to leave word for another server; trying again"
            );
        }
        drop(fault);
        let clock = &self.driver.inner.clock;
        clock.sleep(RETRY_PAUSE).await;
        self.driver.inner.territory.outbox().add(executions);
        false
    }
}
