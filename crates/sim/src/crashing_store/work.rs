//! Work: what is set aside and taken back is counted.

use model::{ExecutionId, FunctionName, Owner, Timestamp, Version};
use store::{SetAside, StoreFuture, Work};

use super::CrashingStore;

impl Work for CrashingStore {
    fn deadlines(&self, limit: usize) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>> {
        self.inner.deadlines(limit)
    }

    fn waking_deadlines(&self, limit: usize) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>> {
        self.inner.waking_deadlines(limit)
    }

    fn owing_work(&self, owner: Owner) -> StoreFuture<'_, Vec<ExecutionId>> {
        self.inner.owing_work(owner)
    }

    fn set_aside(&self, record: SetAside) -> StoreFuture<'_, ()> {
        self.write(|inner| inner.set_aside(record))
    }

    fn take_back(&self, id: &ExecutionId) -> StoreFuture<'_, ()> {
        self.write(|inner| inner.take_back(id))
    }

    fn executions_set_aside(&self) -> StoreFuture<'_, Vec<SetAside>> {
        self.inner.executions_set_aside()
    }

    fn versions_needed(&self) -> StoreFuture<'_, Vec<(FunctionName, Version)>> {
        self.inner.versions_needed()
    }
}
