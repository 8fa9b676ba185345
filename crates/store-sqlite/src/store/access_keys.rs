//! Access keys. Their revision is a counter in memory, as that of the catalogue.

use std::sync::Arc;

use store::{AccessKeyRecord, AccessKeyRevision, AccessKeys, StoreFuture};

use super::SqliteStore;
use crate::job::Write;
use crate::read;

impl AccessKeys for SqliteStore {
    fn access_key_revision(&self) -> StoreFuture<'_, AccessKeyRevision> {
        let attempted = "read the revision of access keys".to_owned();
        let stats = Arc::clone(&self.stats);
        self.readers.read(attempted, move |_| {
            Ok(AccessKeyRevision(stats.access_key_revision()))
        })
    }

    fn create_access_key(&self, record: AccessKeyRecord) -> StoreFuture<'_, ()> {
        self.do_write(Write::CreateAccessKey(Box::new(record)))
    }

    fn replace_access_key(&self, record: AccessKeyRecord) -> StoreFuture<'_, ()> {
        self.do_write(Write::ReplaceAccessKey(Box::new(record)))
    }

    fn delete_access_key(&self, id: &str) -> StoreFuture<'_, ()> {
        self.do_write(Write::DeleteAccessKey(id.to_owned()))
    }

    fn access_keys(&self) -> StoreFuture<'_, Vec<AccessKeyRecord>> {
        let attempted = "read access keys".to_owned();
        self.readers.read(attempted, read::access_keys)
    }
}
