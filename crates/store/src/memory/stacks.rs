//! Stacks in memory.

use std::collections::BTreeMap;

use super::{MemoryStore, ready};
use crate::{StackList, StackRecord, Stacks, StacksRevision, StoreFault, StoreFuture};

impl MemoryStore {
    fn change_stacks(
        &self,
        name: &str,
        seen: StacksRevision,
        change: impl FnOnce(&mut BTreeMap<String, StackRecord>),
    ) -> StoreFuture<'static, ()> {
        let tables = self.tables(&format!("change stack `{name}`"));
        ready(tables.and_then(|mut tables| {
            let table = &mut tables.stacks;
            if table.revision != seen {
                return Err(StoreFault::stacks_changed(name));
            }
            change(&mut table.records);
            table.revision = seen.next();
            Ok(())
        }))
    }
}

impl Stacks for MemoryStore {
    fn stacks_revision(&self) -> StoreFuture<'_, StacksRevision> {
        self.call("read the revision of the stacks", |tables| {
            tables.stacks.revision
        })
    }

    fn stacks(&self) -> StoreFuture<'_, StackList> {
        self.call("list the stacks", |tables| StackList {
            revision: tables.stacks.revision,
            stacks: tables.stacks.records.values().cloned().collect(),
        })
    }

    fn put_stack(&self, record: StackRecord, seen: StacksRevision) -> StoreFuture<'_, ()> {
        let name = record.name.clone();
        self.change_stacks(&name, seen, |records| {
            records.insert(record.name.clone(), record);
        })
    }

    fn delete_stack(&self, name: &str, seen: StacksRevision) -> StoreFuture<'_, ()> {
        self.change_stacks(name, seen, |records| {
            records.remove(name);
        })
    }
}
