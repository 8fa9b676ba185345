//! Work.

use model::{ExecutionId, FunctionName, Owner, Shards, Timestamp, Version};

use super::{Around, Call, Surround};
use crate::{SetAside, StoreFuture, Work};

impl<S: Surround> Work for Around<S> {
    fn deadlines(
        &self,
        of: Shards,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>> {
        let call = Call::Read("deadlines");
        self.around
            .call(call, move || self.inner.deadlines(of, limit))
    }

    fn waking_deadlines(
        &self,
        of: Shards,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>> {
        let call = Call::Read("waking_deadlines");
        self.around
            .call(call, move || self.inner.waking_deadlines(of, limit))
    }

    fn owing_work(&self, owner: Owner, of: Shards) -> StoreFuture<'_, Vec<ExecutionId>> {
        let call = Call::Read("owing_work");
        self.around
            .call(call, move || self.inner.owing_work(owner, of))
    }

    fn set_aside(&self, record: SetAside) -> StoreFuture<'_, ()> {
        let call = Call::Write("set_aside");
        self.around.call(call, move || self.inner.set_aside(record))
    }

    fn take_back(&self, id: &ExecutionId) -> StoreFuture<'_, ()> {
        let id = id.clone();
        let call = Call::Write("take_back");
        self.around.call(call, move || self.inner.take_back(&id))
    }

    fn executions_set_aside(&self) -> StoreFuture<'_, Vec<SetAside>> {
        let call = Call::Read("executions_set_aside");
        self.around
            .call(call, move || self.inner.executions_set_aside())
    }

    fn versions_needed(&self) -> StoreFuture<'_, Vec<(FunctionName, Version)>> {
        let call = Call::Read("versions_needed");
        self.around.call(call, move || self.inner.versions_needed())
    }
}
