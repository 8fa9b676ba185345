//! Which executions this run drives: all of them, unless servers share the store.
//!
//! Any server may change any execution, because each commit is fenced by its version. The effects of a change
//! (invocations, timers, chained invokes) are run by the server that drives the execution's shard, which is notified.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use model::{ExecutionId, Owner, Shard, Shards, Timestamp};
use store::Membership;
use tokio::sync::Notify;

use crate::seeds::Seeds;

#[derive(Debug)]
pub(crate) struct Territory {
    state: RwLock<State>,
    /// Until when, in milliseconds; for ever where no servers share the store.
    until: AtomicI64,
    /// How often it was over before it was prolonged.
    lapses: AtomicU64,
    outbox: Outbox,
}

#[derive(Debug)]
struct State {
    driven: Shards,
    /// The drivers of the other shards; `None` where no other server is.
    others: Option<Arc<Membership>>,
    /// How often each shard has come here: one that went and came back may have changed meanwhile.
    stints: Box<[u32; Shard::COUNT]>,
}

impl Default for Territory {
    fn default() -> Self {
        Self {
            state: RwLock::new(State {
                driven: Shards::ALL,
                others: None,
                stints: Box::new([0; Shard::COUNT]),
            }),
            until: AtomicI64::new(i64::MAX),
            lapses: AtomicU64::new(0),
            outbox: Outbox::default(),
        }
    }
}

impl Territory {
    fn state(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shards that are driven here.
    pub fn shards(&self) -> Shards {
        self.state().driven
    }

    /// Whether a shard is driven here.
    pub fn drives(&self, shard: Shard) -> bool {
        self.state().driven.contains(shard)
    }

    /// Whether other servers may change executions too.
    pub fn is_shared(&self) -> bool {
        self.state().others.is_some()
    }

    /// Whether an execution is driven here.
    pub fn has(&self, id: &ExecutionId) -> bool {
        self.drives(id.shard())
    }

    /// The run that an invocation of the execution is scheduled for; `None` where no servers share the store.
    pub fn owner(&self, id: &ExecutionId) -> Option<Owner> {
        let state = self.state();
        let others = state.others.as_ref()?;
        if state.driven.contains(id.shard()) {
            return None;
        }
        let owner = others.owners[usize::from(id.shard().0)];
        Some(owner.unwrap_or(Owner::NOBODY))
    }

    /// Which stretch of time it is that the shard is driven here without a break; `None` while it is not.
    pub fn stint(&self, shard: Shard) -> Option<u32> {
        let state = self.state();
        let is_here = state.driven.contains(shard);
        is_here.then(|| state.stints[usize::from(shard.0)])
    }

    /// One of the shards that are driven here, where others drive some.
    pub fn any(&self, seeds: &Seeds) -> Option<Shard> {
        let driven = {
            let state = self.state();
            state.others.as_ref()?;
            state.driven
        };
        driven.nth(seeds.below(driven.len()))
    }

    /// Drives these shards from now on, and no others. Returns which were not driven before.
    pub fn set(&self, driven: Shards, others: Arc<Membership>) -> Shards {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let gained = driven.without(state.driven);
        for shard in gained.iter() {
            state.stints[usize::from(shard.0)] += 1;
        }
        state.driven = driven;
        state.others = Some(others);
        gained
    }

    /// Sets until when this run may drive its shards: not at all without a time.
    pub fn lasts_until(&self, until: Option<Timestamp>, now: Timestamp) {
        let until = until.map_or(i64::MIN, Timestamp::as_millis);
        // A reader that sees the new time also sees that there was a break.
        if self.until.load(Ordering::Acquire) <= now.as_millis() {
            self.lapses.fetch_add(1, Ordering::AcqRel);
        }
        self.until.store(until, Ordering::Release);
    }

    /// Whether this run may drive its shards at that time.
    pub fn is_held(&self, now: Timestamp) -> bool {
        now.as_millis() < self.until.load(Ordering::Acquire)
    }

    /// How often there was a break.
    pub fn lapses(&self) -> u64 {
        self.lapses.load(Ordering::Acquire)
    }

    /// Executions whose drivers are to be told.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }
}

/// Executions that were changed here and are driven elsewhere, each once, until their drivers know.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    executions: Mutex<BTreeSet<ExecutionId>>,
    added: Notify,
}

impl Outbox {
    /// Adds executions.
    pub fn add(&self, ids: impl IntoIterator<Item = ExecutionId>) {
        let mut executions = self
            .executions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        executions.extend(ids);
        if !executions.is_empty() {
            self.added.notify_one();
        }
    }

    /// Takes all there is.
    pub fn take(&self) -> BTreeSet<ExecutionId> {
        let mut executions = self
            .executions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *executions)
    }

    /// Waits until there is something.
    pub async fn filled(&self) {
        self.added.notified().await;
    }
}
