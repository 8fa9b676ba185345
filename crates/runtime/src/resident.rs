//! Executions in memory, each behind its own lock.
//!
//! An execution is resident while a caller changes it or a function process works on it: while there is a lease. A
//! suspended one is not, and neither is one that waits for its turn. The executions that were left last stay in memory
//! all the same, as far as a fixed amount of it goes, so that a short wait or a turn that comes soon does not read the
//! store; they have no lease and do not count as resident.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use engine::Execution;
use model::{ExecutionId, Shards};

use self::kept::Kept;

mod kept;

/// Transitions of one execution are made one after the other, under this lock.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// The execution as the store has it; `None` when it has to be loaded first.
    pub execution: tokio::sync::Mutex<Option<Execution>>,
}

#[derive(Debug, Default)]
pub(crate) struct Residents {
    memory: Arc<Mutex<Memory>>,
}

#[derive(Debug, Default)]
struct Memory {
    slots: HashMap<ExecutionId, Entry>,
    kept: Kept,
}

#[derive(Debug)]
struct Entry {
    slot: Arc<Slot>,
    users: usize,
}

impl Residents {
    /// The execution's slot, for as long as the lease lives.
    pub fn lease(&self, id: &ExecutionId) -> Lease {
        let mut memory = self.memory();
        let Memory { slots, kept } = &mut *memory;
        let entry = slots.entry(id.clone()).or_insert_with(|| Entry {
            slot: Arc::new(Slot {
                execution: kept.take(id).into(),
            }),
            users: 0,
        });
        entry.users += 1;
        Lease {
            memory: Arc::clone(&self.memory),
            id: id.clone(),
            slot: Arc::clone(&entry.slot),
        }
    }

    /// The slot of an execution that is resident.
    pub fn find(&self, id: &ExecutionId) -> Option<Arc<Slot>> {
        let memory = self.memory();
        memory.slots.get(id).map(|entry| Arc::clone(&entry.slot))
    }

    /// Whether an execution is kept without a lease. It has not ended.
    pub fn keeps(&self, id: &ExecutionId) -> bool {
        self.memory().kept.has(id)
    }

    /// Keeps no execution without a lease from now on: others may change the store.
    pub fn keep_nothing(&self) {
        self.memory().kept.close();
    }

    /// The ids of the resident executions.
    pub fn ids(&self) -> Vec<ExecutionId> {
        self.memory().slots.keys().cloned().collect()
    }

    /// The shards of the resident executions.
    pub fn shards(&self) -> Shards {
        let memory = self.memory();
        memory.slots.keys().map(ExecutionId::shard).collect()
    }

    pub fn len(&self) -> usize {
        self.memory().slots.len()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        locked(&self.memory)
    }
}

fn locked(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().expect("the maps are never left half changed")
}

/// Keeps an execution's slot in the map.
#[derive(Debug)]
pub(crate) struct Lease {
    memory: Arc<Mutex<Memory>>,
    pub id: ExecutionId,
    pub slot: Arc<Slot>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut memory = locked(&self.memory);
        let entry = memory.slots.get_mut(&self.id);
        let entry = entry.expect("a leased slot is in the map");
        entry.users -= 1;
        if entry.users > 0 {
            return;
        }
        memory.slots.remove(&self.id);
        // Another caller may have found it a moment ago, and still hold it.
        if let Ok(mut execution) = self.slot.execution.try_lock()
            && let Some(execution) = execution.take()
        {
            memory.kept.put(execution);
        }
    }
}
