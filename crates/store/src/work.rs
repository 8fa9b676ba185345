//! The work of a server: due deadlines, owed work, executions set aside, versions still needed.

use model::{ExecutionId, FunctionName, Owner, Shards, Timestamp, Version};

use crate::StoreFuture;

/// The work that executions and accepted invocations cause. Except for records of executions set aside it is derived:
/// it changes with the commit that changes the execution, never by itself.
///
/// A read claims nothing. If two servers read the same deadline, both act on it, and the fence of
/// [`Executions::commit`](crate::Executions::commit) lets one of them through. The store does not
/// know whether the owner of an invocation still runs; the caller must.
pub trait Work: Send + Sync + 'static {
    /// The soonest deadlines of executions in these shards, at most `limit`, soonest first.
    fn deadlines(&self, of: Shards, limit: usize)
    -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>>;

    /// As [`Work::deadlines`], only of executions that have not ended: without those due to be removed for their age.
    fn waking_deadlines(
        &self,
        of: Shards,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>>;

    /// Executions that a server takes up when it begins to drive these shards as `owner`, oldest record first: those
    /// with an active invocation that another owner has, and those with open chained invokes. All of them at once: they
    /// are a snapshot without later additions.
    fn owing_work(&self, owner: Owner, of: Shards) -> StoreFuture<'_, Vec<ExecutionId>>;

    /// Sets an execution aside: the deadlines and [`Work::owing_work`] leave it out from here on. One
    /// that is set aside already gets the new reason. Idempotent.
    fn set_aside(&self, record: SetAside) -> StoreFuture<'_, ()>;

    /// Ends the state that [`Work::set_aside`] began, if the execution is set aside. Idempotent.
    fn take_back(&self, id: &ExecutionId) -> StoreFuture<'_, ()>;

    /// All executions that are set aside, in order of id.
    fn executions_set_aside(&self) -> StoreFuture<'_, Vec<SetAside>>;

    /// Versions of functions that something open needs: executions that have not ended, their open
    /// chained invokes, and accepted asynchronous invocations. Each once, in no particular order, as
    /// of one moment.
    fn versions_needed(&self) -> StoreFuture<'_, Vec<(FunctionName, Version)>>;
}

/// An execution that the service could not work on, and leaves alone until an operator has it tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Which.
    pub execution_id: ExecutionId,
    /// Since when.
    pub set_aside_at: Timestamp,
    /// The attempt.
    pub attempted: String,
    /// The failure.
    pub reason: String,
}
