//! A store around another one that kills the process at one of its writes. Each part has a file, which
//! says what is counted.

mod catalogue;
mod executions;
mod history;
mod queue;
mod schedule_marks;
mod search;
mod within;
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use store::{Durability, Store, StoreFuture, StoreHealth, StoreStats};
use store_sqlite::{SqliteStore, WriteWithin};

use crate::{CrashPoint, Side};

/// Passes everything on, and dies at its crash point as by `kill -9`.
///
/// Counted are the writes that carry executions on: transitions, and accepted or finished
/// asynchronous invocations. Deployments are not.
pub struct CrashingStore {
    inner: Arc<dyn Store>,
    /// The same, where the application's code can run within its transactions.
    shared: Option<Arc<dyn WriteWithin>>,
    point: CrashPoint,
    writes: AtomicU64,
}

impl CrashingStore {
    /// A store that dies at `point`.
    pub fn new(inner: Arc<dyn Store>, point: CrashPoint) -> Self {
        Self {
            inner,
            shared: None,
            point,
            writes: AtomicU64::new(0),
        }
    }

    /// A store of a program's own file that dies at `point`; transactions of the application count as writes.
    pub fn shared(inner: &Arc<SqliteStore>, point: CrashPoint) -> Self {
        Self {
            shared: Some(Arc::clone(inner) as _),
            ..Self::new(Arc::clone(inner) as _, point)
        }
    }

    /// Performs a write, unless the process dies before it.
    fn write<'a, T: Send + 'a, E: Send + 'a>(
        &'a self,
        write: impl FnOnce(&'a dyn Store) -> StoreFuture<'a, T, E>,
    ) -> StoreFuture<'a, T, E> {
        let here = self.reach();
        let written = write(self.inner.as_ref());
        if !here {
            return written;
        }
        Box::pin(async move {
            drop(written.await);
            die()
        })
    }
}

impl CrashingStore {
    /// Counts a write that is about to be performed, and dies before the one that it is to die before. Whether it is
    /// to die after this one.
    fn reach(&self) -> bool {
        let number = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        let here = number == self.point.write;
        if here && self.point.side == Side::Before {
            die();
        }
        here
    }
}

/// Ends the process at once: nothing is flushed, no destructor runs.
pub fn die() -> ! {
    kill(Pid::this(), Signal::SIGKILL).expect("a process may always kill itself");
    loop {
        std::thread::park();
    }
}

impl Store for CrashingStore {
    fn durability(&self) -> Durability {
        self.inner.durability()
    }

    fn stats(&self) -> StoreStats {
        self.inner.stats()
    }

    fn health(&self) -> StoreHealth {
        self.inner.health()
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        self.inner.close()
    }
}
