//! The executions that are set aside, as the store has them, or will have them once it works again.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use model::ExecutionId;
use stdx::panic_message;
use store::{SetAside, Store, StoreFault};
use tokio::sync::{Notify, OnceCell};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    executions: Mutex<BTreeMap<ExecutionId, SetAside>>,
    /// Read before the map: mostly it is zero, and every input asks.
    count: AtomicUsize,
    /// Another one was set aside.
    added: Notify,
    /// Set once the records of earlier runs are here.
    read: OnceCell<()>,
}

impl Aside {
    fn executions(&self) -> MutexGuard<'_, BTreeMap<ExecutionId, SetAside>> {
        self.executions
            .lock()
            .expect("the map is never left half changed")
    }

    /// Why the execution is set aside, if it is.
    pub fn reason(&self, id: &ExecutionId) -> Option<String> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        self.executions()
            .get(id)
            .map(|record| format!("{}: {}", record.attempted, record.reason))
    }

    pub fn contains(&self, id: &ExecutionId) -> bool {
        self.count.load(Ordering::Acquire) > 0 && self.executions().contains_key(id)
    }

    pub fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    pub fn add(&self, record: SetAside) {
        let mut executions = self.executions();
        executions.insert(record.execution_id.clone(), record);
        self.count.store(executions.len(), Ordering::Release);
        drop(executions);
        self.added.notify_waiters();
    }

    pub fn remove(&self, id: &ExecutionId) -> Option<SetAside> {
        let mut executions = self.executions();
        let removed = executions.remove(id);
        self.count.store(executions.len(), Ordering::Release);
        removed
    }

    pub fn get(&self, id: &ExecutionId) -> Option<SetAside> {
        if self.count() == 0 {
            return None;
        }
        self.executions().get(id).cloned()
    }

    /// All of them, in order of id.
    pub fn all(&self) -> Vec<SetAside> {
        self.executions().values().cloned().collect()
    }

    /// Is ready once the execution is set aside. Cancel safe.
    pub async fn added(&self, id: &ExecutionId) -> SetAside {
        loop {
            let added = self.added.notified();
            tokio::pin!(added);
            // From here on no addition is missed.
            added.as_mut().enable();
            if let Some(record) = self.get(id) {
                return record;
            }
            added.await;
        }
    }

    /// Reads the records of earlier runs, once: a record that has been removed since must not come again.
    pub async fn read_once(&self, store: &dyn Store) -> Result<(), StoreFault> {
        let read = async || {
            for record in store.executions_set_aside().await? {
                self.add(record);
            }
            Ok(())
        };
        self.read.get_or_try_init(read).await.map(drop)
    }
}

/// The message of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    format!(
        "panicked: {}",
        panic_message(panic).unwrap_or("without saying why")
    )
}
