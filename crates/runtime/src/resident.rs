//! Executions in memory, each behind its own lock.
//!
//! An execution is resident while somebody changes it or a function process works on it: while there is a
//! lease. A suspended one is not, and neither is one that waits for its turn: they hold no memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use engine::Execution;
use model::{ExecutionId, Shards};

/// Transitions of one execution are made one after the other, under this lock.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// The execution as the store has it; none when it has to be loaded first.
    pub execution: tokio::sync::Mutex<Option<Execution>>,
}

#[derive(Debug, Default)]
pub(crate) struct Residents {
    slots: Arc<Mutex<Slots>>,
}

type Slots = HashMap<ExecutionId, Entry>;

#[derive(Debug)]
struct Entry {
    slot: Arc<Slot>,
    users: usize,
}

impl Residents {
    /// The execution's slot, for as long as the lease lives.
    pub fn lease(&self, id: &ExecutionId) -> Lease {
        let mut slots = self
            .slots
            .lock()
            .expect("the map is never left half changed");
        let entry = slots.entry(id.clone()).or_insert_with(|| Entry {
            slot: Arc::default(),
            users: 0,
        });
        entry.users += 1;
        Lease {
            slots: Arc::clone(&self.slots),
            id: id.clone(),
            slot: Arc::clone(&entry.slot),
        }
    }

    /// The slot of an execution that is in memory.
    pub fn find(&self, id: &ExecutionId) -> Option<Arc<Slot>> {
        let slots = self
            .slots
            .lock()
            .expect("the map is never left half changed");
        slots.get(id).map(|entry| Arc::clone(&entry.slot))
    }

    /// What is in memory.
    pub fn ids(&self) -> Vec<ExecutionId> {
        let slots = self
            .slots
            .lock()
            .expect("the map is never left half changed");
        slots.keys().cloned().collect()
    }

    /// The shards of what is in memory.
    pub fn shards(&self) -> Shards {
        let slots = self
            .slots
            .lock()
            .expect("the map is never left half changed");
        slots.keys().map(ExecutionId::shard).collect()
    }

    pub fn len(&self) -> usize {
        self.slots
            .lock()
            .expect("the map is never left half changed")
            .len()
    }
}

/// Keeps an execution's slot in the map.
#[derive(Debug)]
pub(crate) struct Lease {
    slots: Arc<Mutex<Slots>>,
    pub id: ExecutionId,
    pub slot: Arc<Slot>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut slots = self
            .slots
            .lock()
            .expect("the map is never left half changed");
        let entry = slots
            .get_mut(&self.id)
            .expect("a leased slot is in the map");
        entry.users -= 1;
        if entry.users == 0 {
            slots.remove(&self.id);
        }
    }
}
