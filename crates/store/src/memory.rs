//! The in-memory stores: for tests, for the SDK's test runner, and as the plainest statement of a store's behaviour.

mod access_keys;
mod audit;
mod catalogue;
mod code_blobs;
mod executions;
mod history;
mod logs;
mod queue;
mod schedule_marks;
mod search;
mod servers;
mod sessions;
mod stacks;
mod tables;
mod work;

use std::future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tables::Tables;

use crate::{Durability, Store, StoreFault, StoreFuture, StoreHealth, StoreStats, StoreTrouble};

pub use code_blobs::MemoryCode;
pub use logs::MemoryLogs;
pub use servers::MemoryServers;
pub use sessions::MemorySessions;

/// Decides whether a call fails: it is given the attempt, in a fault's words.
pub type Faults = Box<dyn Fn(&str) -> Option<StoreFault> + Send + Sync>;

/// Keeps everything in memory and does everything at once: the futures that it returns are ready.
#[derive(Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
    faults: Option<Faults>,
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store that fails where `faults` says so, for tests of a store's users. A commit asks twice: before it
    /// is done (`commit execution …`), and when it is there and is to be acknowledged
    /// (`acknowledge the commit of execution …`).
    pub fn failing(faults: impl Fn(&str) -> Option<StoreFault> + Send + Sync + 'static) -> Self {
        Self {
            tables: Mutex::default(),
            faults: Some(Box::new(faults)),
        }
    }

    fn check(&self, attempted: &str) -> Result<(), StoreFault> {
        let fault = self.faults.as_ref().and_then(|faults| faults(attempted));
        fault.map_or(Ok(()), Err)
    }

    /// The stored tables, unless the store is closed.
    fn tables(&self, attempted: &str) -> Result<MutexGuard<'_, Tables>, StoreFault> {
        self.check(attempted)?;
        // A panic in here is a bug that a test should see once, not once per later call.
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if tables.closed {
            return Err(StoreFault::closed(attempted));
        }
        Ok(tables)
    }

    /// Does a call at once. `attempted` names the call in a fault.
    fn call<T: Send + 'static>(
        &self,
        attempted: &str,
        call: impl FnOnce(&mut Tables) -> T,
    ) -> StoreFuture<'static, T> {
        ready(self.tables(attempted).map(|mut tables| call(&mut tables)))
    }
}

/// A finished outcome, as the future that the traits ask for.
fn ready<T: Send + 'static, E: Send + 'static>(
    outcome: Result<T, E>,
) -> StoreFuture<'static, T, E> {
    Box::pin(future::ready(outcome))
}

impl Store for MemoryStore {
    fn durability(&self) -> Durability {
        Durability::Memory
    }

    fn stats(&self) -> StoreStats {
        StoreStats::default()
    }

    fn health(&self) -> StoreHealth {
        StoreHealth {
            trouble: self.tables("").err().map(|_| StoreTrouble::Closed),
            warnings: Vec::new(),
        }
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        // A second close finds nothing left to do.
        if let Ok(mut tables) = self.tables("close") {
            tables.closed = true;
        }
        ready(Ok(()))
    }
}
