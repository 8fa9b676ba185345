//! Work in memory: read off the executions and the queue.

use std::collections::BTreeSet;

use model::{
    ChainedTarget, DeadlineReason, ExecutionId, FunctionName, OperationDetails, Owner, Shards,
    Timestamp, Version,
};

use super::MemoryStore;
use super::tables::Tables;
use crate::{SetAside, StoreFuture, Work};

impl Work for MemoryStore {
    fn deadlines(
        &self,
        of: Shards,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>> {
        self.call("read deadlines", |tables| {
            let deadlines = tables.deadlines(of);
            deadlines.take(limit).cloned().collect()
        })
    }

    fn waking_deadlines(
        &self,
        of: Shards,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>> {
        self.call("read deadlines", |tables| {
            let has_ended = |id: &ExecutionId| {
                let state = &tables.executions.by_id[id].execution.state;
                let next = state.next_deadline.as_ref();
                next.is_some_and(|next| next.reason == DeadlineReason::RetentionElapsed)
            };
            let waking = tables.deadlines(of).filter(|(_, id)| !has_ended(id));
            waking.take(limit).cloned().collect()
        })
    }

    fn owing_work(&self, owner: Owner, of: Shards) -> StoreFuture<'_, Vec<ExecutionId>> {
        self.call("read what is owed", |tables| {
            let owes = |id: &&ExecutionId| {
                let state = &tables.executions.by_id[*id].execution.state;
                of.contains(id.shard())
                    && state.owes_work(owner)
                    && !tables.set_aside.contains_key(*id)
            };
            let oldest_first = tables.executions.sequences.values();
            oldest_first.filter(owes).cloned().collect()
        })
    }

    fn set_aside(&self, record: SetAside) -> StoreFuture<'_, ()> {
        self.call("set an execution aside", |tables| {
            let id = record.execution_id.clone();
            tables.set_aside.insert(id, record);
        })
    }

    fn take_back(&self, id: &ExecutionId) -> StoreFuture<'_, ()> {
        self.call("take an execution back", |tables| {
            tables.set_aside.remove(id);
        })
    }

    fn executions_set_aside(&self) -> StoreFuture<'_, Vec<SetAside>> {
        self.call("read what is set aside", |tables| {
            tables.set_aside.values().cloned().collect()
        })
    }

    fn versions_needed(&self) -> StoreFuture<'_, Vec<(FunctionName, Version)>> {
        self.call("read which versions are needed", |tables| {
            tables.versions_needed().into_iter().collect()
        })
    }
}

impl Tables {
    /// Of executions in these shards that are not set aside.
    fn deadlines(&self, of: Shards) -> impl Iterator<Item = &(Timestamp, ExecutionId)> {
        let soonest_first = self.executions.deadlines.iter();
        soonest_first
            .filter(move |(_, id)| of.contains(id.shard()) && !self.set_aside.contains_key(id))
    }

    fn versions_needed(&self) -> BTreeSet<(FunctionName, Version)> {
        let mut needed = BTreeSet::new();
        let executions = self.executions.by_id.values();
        let executions = executions.map(|stored| &stored.execution);
        for execution in executions.filter(|one| !one.state.status().is_terminal()) {
            let arn = &execution.spec.arn;
            needed.insert((arn.function.name.clone(), arn.version.clone()));
            for operation in execution.operations().filter(|it| it.ended_at.is_none()) {
                if let OperationDetails::ChainedInvoke {
                    target:
                        ChainedTarget::Durable {
                            function, version, ..
                        }
                        | ChainedTarget::Plain { function, version },
                    ..
                } = &operation.details
                {
                    needed.insert((function.clone(), version.clone()));
                }
            }
        }
        let queued = self.queue.waiting.values();
        needed.extend(queued.map(|queued| (queued.function.clone(), queued.version.clone())));
        needed
    }
}
