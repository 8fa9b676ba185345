//! One process's place among its function's processes, held from before its start until after its end.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::function::FunctionKey;
use crate::launch::LaunchError;
use crate::open_files::Others;
use crate::pool::ProcessHandle;
use crate::request::Work;
use crate::shared::Shared;

/// See the module.
pub(crate) struct Slot {
    shared: Arc<Shared>,
    key: FunctionKey,
    pub(crate) handle: ProcessHandle,
    /// The invocations that the pool gives to the process.
    pub(crate) inbox: mpsc::Receiver<Work>,
    /// How many of the process's permitted invocations it does not get at first.
    pub(crate) withheld: usize,
    /// Whether another process may already have its place.
    is_leaving: bool,
    released: bool,
}

impl Slot {
    pub(crate) fn new(
        shared: Arc<Shared>,
        key: FunctionKey,
        handle: ProcessHandle,
        inbox: mpsc::Receiver<Work>,
        withheld: usize,
    ) -> Slot {
        Slot {
            shared,
            key,
            handle,
            inbox,
            withheld,
            is_leaving: false,
            released: false,
        }
    }

    /// Counts the other processes.
    pub(crate) fn others(&self) -> Others {
        self.shared.pools().others(&self.key)
    }

    /// Notes that the process asks for invocations.
    pub(crate) fn initialized(&self) {
        self.shared.pools().initialized(&self.key, self.handle.id);
    }

    /// Offers the pool room for one more invocation, besides those that the process holds; returns a waiting one if
    /// there is one.
    pub(crate) fn park(&self, held: usize) -> Option<Work> {
        let is_idle = || held == 0 && self.inbox.is_empty();
        let mut pools = self.shared.pools();
        pools.park(&self.key, &self.handle, is_idle)
    }

    /// Notes how many invocations at a time the process asks for.
    pub(crate) fn asks_for(&self, invocations: usize) {
        self.shared.pools().asks_for(&self.key, invocations);
    }

    /// Takes an idle process out of the pool; `false` if it was given an invocation meanwhile.
    pub(crate) fn leave(&self) -> bool {
        self.shared.pools().leave(&self.key, self.handle.id)
    }

    /// Takes the process out of the pool, even if it has invocations; returns the invocations that were on their way to
    /// it.
    pub(crate) fn withdraw(&mut self) -> Vec<Work> {
        self.shared
            .pools()
            .withdraw_process(&self.key, self.handle.id);
        // The pool sends nothing to a process that was removed from it.
        std::iter::from_fn(|| self.inbox.try_recv().ok()).collect()
    }

    /// Lets another process have the place while this one finishes its invocations.
    pub(crate) fn make_way(&mut self) {
        if std::mem::replace(&mut self.is_leaving, true) {
            return;
        }
        let next = self.shared.pools().process_leaves(&self.key);
        self.shared.go_on(&self.key, next);
    }

    /// Gives the place up because a shortage kept the process from starting; its invocations wait for a place.
    pub(crate) fn release_for_want_of_room(mut self, work: Work, obstacle: LaunchError) {
        let mut works = vec![work];
        works.extend(self.withdraw());
        self.released = true;
        self.shared.wait_for_room(&self.key, works, obstacle);
    }

    /// Gives the place up, and starts another process if an invocation waits for one.
    pub(crate) fn release(mut self) {
        self.released = true;
        let next = {
            let mut pools = self.shared.pools();
            pools.process_ended(&self.key, self.is_leaving)
        };
        self.shared.go_on(&self.key, next);
        self.shared.room.notify_one();
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // The task panicked, or its runtime has ended: other processes must not wait for its place, and none can be
        // started.
        if !self.released {
            let mut pools = self.shared.pools();
            pools.process_lost(&self.key, self.handle.id, self.is_leaving);
        }
    }
}
