//! Access keys in memory.

use super::tables::AccessKeyTable;
use super::{MemoryStore, ready};
use crate::{AccessKeyRecord, AccessKeyRevision, AccessKeys, StoreFault, StoreFuture};

impl AccessKeyTable {
    fn create(&mut self, record: AccessKeyRecord) -> Result<(), StoreFault> {
        let mut others = self.records.values();
        let taken = others
            .any(|other| (other.id == record.id || other.name == record.name) && *other != record);
        if taken {
            return Err(StoreFault::access_key_taken(&record));
        }
        self.records.insert(record.id.clone(), record);
        Ok(())
    }

    fn replace(&mut self, record: AccessKeyRecord) -> Result<(), StoreFault> {
        let Some(kept) = self.records.get_mut(&record.id) else {
            return Err(StoreFault::no_access_key(&record.id));
        };
        *kept = AccessKeyRecord {
            name: kept.name.clone(),
            created_at: kept.created_at,
            ..record
        };
        Ok(())
    }
}

impl MemoryStore {
    fn change_access_keys(
        &self,
        attempted: &str,
        change: impl FnOnce(&mut AccessKeyTable) -> Result<(), StoreFault>,
    ) -> StoreFuture<'static, ()> {
        let tables = self.tables(attempted);
        ready(tables.and_then(|mut tables| {
            tables.access_keys.changes += 1;
            change(&mut tables.access_keys)
        }))
    }
}

impl AccessKeys for MemoryStore {
    fn access_key_revision(&self) -> StoreFuture<'_, AccessKeyRevision> {
        self.call("read the revision of access keys", |tables| {
            AccessKeyRevision(tables.access_keys.changes)
        })
    }

    fn create_access_key(&self, record: AccessKeyRecord) -> StoreFuture<'_, ()> {
        self.change_access_keys("create an access key", |table| table.create(record))
    }

    fn replace_access_key(&self, record: AccessKeyRecord) -> StoreFuture<'_, ()> {
        self.change_access_keys("change an access key", |table| table.replace(record))
    }

    fn delete_access_key(&self, id: &str) -> StoreFuture<'_, ()> {
        self.change_access_keys("delete an access key", |table| {
            table.records.remove(id);
            Ok(())
        })
    }

    fn access_keys(&self) -> StoreFuture<'_, Vec<AccessKeyRecord>> {
        self.call("read access keys", |tables| {
            let records = tables.access_keys.records.values();
            let mut records: Vec<AccessKeyRecord> = records.cloned().collect();
            records.sort_by(|one, other| one.name.cmp(&other.name));
            records
        })
    }
}
