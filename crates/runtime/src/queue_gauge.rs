//! Accepted asynchronous invocations that are not done: how many there are, and which are another server's.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store::AsyncInvocationId;

/// Accepted invocations that are not done. One more is refused: a caller that floods the queue learns of it while the
/// disk still has room.
pub(crate) const QUEUED_MAX: usize = 100_000;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct QueueGauge {
    count: Arc<AtomicUsize>,
    /// Invocations that were accepted here and are in another server's shards. No other server knows of them until
    /// their shards change hands or this server dies: they are run here.
    guests: Mutex<BTreeSet<AsyncInvocationId>>,
}

/// Counted until it is dropped, unless it was accepted.
pub(crate) struct Counted {
    count: Arc<AtomicUsize>,
    is_accepted: bool,
}

impl QueueGauge {
    /// Counts one that is about to be accepted, unless there are too many.
    pub fn enter(&self) -> Option<Counted> {
        let before = self.count.fetch_add(1, Ordering::Relaxed);
        let counted = Counted {
            count: Arc::clone(&self.count),
            is_accepted: false,
        };
        (before < QUEUED_MAX).then_some(counted)
    }

    /// Counts an invocation that an earlier run accepted. These are never refused.
    pub fn take_up(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    pub fn guests(&self) -> MutexGuard<'_, BTreeSet<AsyncInvocationId>> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn done(&self, id: AsyncInvocationId) {
        self.guests().remove(&id);
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counted {
    /// Stays counted until [`QueueGauge::done`].
    pub fn keep(mut self) {
        self.is_accepted = true;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if !self.is_accepted {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
