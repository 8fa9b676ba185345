//! Stacks that were deployed.

use store::{StackList, StackRecord, Stacks, StacksRevision, StoreFuture};

use super::SqliteStore;
use crate::job::Write;
use crate::read;

impl Stacks for SqliteStore {
    fn stacks_revision(&self) -> StoreFuture<'_, StacksRevision> {
        let attempted = "read the revision of the stacks".to_owned();
        self.readers.read(attempted, read::stacks_revision)
    }

    fn stacks(&self) -> StoreFuture<'_, StackList> {
        self.readers
            .read("list the stacks".to_owned(), read::stacks)
    }

    fn put_stack(&self, record: StackRecord, seen: StacksRevision) -> StoreFuture<'_, ()> {
        self.do_write(Write::PutStack(Box::new(record), seen))
    }

    fn delete_stack(&self, name: &str, seen: StacksRevision) -> StoreFuture<'_, ()> {
        self.do_write(Write::DeleteStack(name.to_owned(), seen))
    }
}
