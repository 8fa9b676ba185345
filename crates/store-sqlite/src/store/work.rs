//! Work: read off the tables of executions.

use model::{ExecutionId, FunctionName, Owner, Shards, Timestamp, Version};
use store::{SetAside, StoreFuture, StoreWrite, Work};

use super::SqliteStore;
use crate::read;

impl Work for SqliteStore {
    fn deadlines(
        &self,
        of: Shards,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>> {
        let attempted = "read the soonest deadlines".to_owned();
        self.readers.read(attempted, move |connection| {
            read::deadlines(connection, of, limit)
        })
    }

    fn waking_deadlines(
        &self,
        of: Shards,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>> {
        let attempted = "read the soonest deadlines".to_owned();
        self.readers.read(attempted, move |connection| {
            read::waking_deadlines(connection, of, limit)
        })
    }

    fn owing_work(&self, owner: Owner, of: Shards) -> StoreFuture<'_, Vec<ExecutionId>> {
        let attempted = "read which executions owe work".to_owned();
        self.readers.read(attempted, move |connection| {
            read::owing_work(connection, owner, of)
        })
    }

    fn set_aside(&self, record: SetAside) -> StoreFuture<'_, ()> {
        self.do_write(StoreWrite::SetAside(Box::new(record)))
    }

    fn take_back(&self, id: &ExecutionId) -> StoreFuture<'_, ()> {
        self.do_write(StoreWrite::TakeBack(id.clone()))
    }

    fn executions_set_aside(&self) -> StoreFuture<'_, Vec<SetAside>> {
        let attempted = "read which executions are set aside".to_owned();
        self.readers.read(attempted, read::set_aside)
    }

    fn versions_needed(&self) -> StoreFuture<'_, Vec<(FunctionName, Version)>> {
        let attempted = "read which versions are needed".to_owned();
        self.searcher.read(attempted, read::versions_needed)
    }
}
