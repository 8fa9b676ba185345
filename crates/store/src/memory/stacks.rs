//! Stacks in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::ready;
use crate::{StackRecord, Stacks, StoreFuture};

/// Keeps stacks in memory. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryStacks {
    stacks: Arc<Mutex<BTreeMap<String, StackRecord>>>,
}

impl MemoryStacks {
    fn table(&self) -> MutexGuard<'_, BTreeMap<String, StackRecord>> {
        self.stacks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stacks for MemoryStacks {
    fn put_stack(&self, record: StackRecord) -> StoreFuture<'_, ()> {
        self.table().insert(record.name.clone(), record);
        ready(Ok(()))
    }

    fn stacks(&self) -> StoreFuture<'_, Vec<StackRecord>> {
        ready(Ok(self.table().values().cloned().collect()))
    }

    fn delete_stack(&self, name: &str) -> StoreFuture<'_, ()> {
        self.table().remove(name);
        ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::STACKS;

    #[tokio::test]
    async fn stacks_in_memory_keep_the_promises() {
        STACKS
            .check(|| Box::new(MemoryStacks::default()) as Box<dyn Stacks>)
            .await;
    }
}
