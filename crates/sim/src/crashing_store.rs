//! A store around another one that kills the process at one of its writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use engine::{Execution, Transition};
use model::{
    Event, ExecutionId, ExecutionName, FunctionName, OperationId, Owner, Timestamp, Version,
};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use store::{
    AliasRecord, AsyncInvocation, AsyncInvocationId, CallbackCursor, CommitError, DeadLetter,
    DeadLetterId, Durability, EventPage, ExecutionCount, ExecutionFilter, ExecutionHead,
    ExecutionRecord, ExecutionSearch, ExecutionSummary, FunctionSettingsRecord,
    FunctionVersionRecord, OpenCallback, OpenTimer, QueuedInvocation, RecentInput, ScheduleMark,
    SearchPage, SetAside, Store, StoreFault, StoreFuture, StoreHealth, StoreStats,
};

use crate::{CrashPoint, Side};

/// Passes everything on, and dies at its crash point as by `kill -9`.
///
/// Counted are the writes that carry executions on: transitions, and accepted or finished
/// asynchronous invocations. Deployments are not.
pub struct CrashingStore {
    inner: Arc<dyn Store>,
    point: CrashPoint,
    writes: AtomicU64,
}

impl CrashingStore {
    /// A store that dies at `point`.
    pub fn new(inner: Arc<dyn Store>, point: CrashPoint) -> Self {
        Self {
            inner,
            point,
            writes: AtomicU64::new(0),
        }
    }

    /// Performs a write, unless the process dies before it.
    fn write<'a, T: Send + 'a>(
        &'a self,
        write: impl FnOnce(&'a dyn Store) -> StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T> {
        let number = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        let here = number == self.point.write;
        if here && self.point.side == Side::Before {
            die();
        }
        let written = write(self.inner.as_ref());
        if !here {
            return written;
        }
        Box::pin(async move {
            drop(written.await);
            die()
        })
    }
}

/// Ends the process at once: nothing is flushed, no destructor runs.
fn die() -> ! {
    kill(Pid::this(), Signal::SIGKILL).expect("a process may always kill itself");
    loop {
        std::thread::park();
    }
}

impl Store for CrashingStore {
    fn durability(&self) -> Durability {
        self.inner.durability()
    }

    fn commit(&self, transition: Arc<Transition>) -> StoreFuture<'_, Result<(), CommitError>> {
        self.write(|inner| inner.commit(transition))
    }

    fn load(&self, id: &ExecutionId) -> StoreFuture<'_, Result<Option<Execution>, StoreFault>> {
        self.inner.load(id)
    }

    fn record(
        &self,
        id: &ExecutionId,
    ) -> StoreFuture<'_, Result<Option<ExecutionRecord>, StoreFault>> {
        self.inner.record(id)
    }

    fn head(&self, id: &ExecutionId) -> StoreFuture<'_, Result<Option<ExecutionHead>, StoreFault>> {
        self.inner.head(id)
    }

    fn head_by_name(
        &self,
        function: &FunctionName,
        name: &ExecutionName,
    ) -> StoreFuture<'_, Result<Option<ExecutionHead>, StoreFault>> {
        self.inner.head_by_name(function, name)
    }

    fn list(
        &self,
        filter: ExecutionFilter,
    ) -> StoreFuture<'_, Result<Vec<ExecutionHead>, StoreFault>> {
        self.inner.list(filter)
    }

    fn events(
        &self,
        id: &ExecutionId,
        page: EventPage,
    ) -> StoreFuture<'_, Result<Vec<Event>, StoreFault>> {
        self.inner.events(id, page)
    }

    fn event_heads(
        &self,
        id: &ExecutionId,
        page: EventPage,
    ) -> StoreFuture<'_, Result<Vec<Event>, StoreFault>> {
        self.inner.event_heads(id, page)
    }

    fn operation_events(
        &self,
        id: &ExecutionId,
        operation_id: &OperationId,
        page: EventPage,
    ) -> StoreFuture<'_, Result<Vec<Event>, StoreFault>> {
        self.inner.operation_events(id, operation_id, page)
    }

    fn search(&self, search: ExecutionSearch) -> StoreFuture<'_, Result<SearchPage, StoreFault>> {
        self.inner.search(search)
    }

    fn summary(
        &self,
        id: &ExecutionId,
    ) -> StoreFuture<'_, Result<Option<ExecutionSummary>, StoreFault>> {
        self.inner.summary(id)
    }

    fn counts(&self) -> StoreFuture<'_, Result<Vec<ExecutionCount>, StoreFault>> {
        self.inner.counts()
    }

    fn versions_needed(&self) -> StoreFuture<'_, Result<Vec<(FunctionName, Version)>, StoreFault>> {
        self.inner.versions_needed()
    }

    fn open_callbacks(
        &self,
        function: Option<FunctionName>,
        after: Option<CallbackCursor>,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<OpenCallback>, StoreFault>> {
        self.inner.open_callbacks(function, after, limit)
    }

    fn open_timers(&self, limit: usize) -> StoreFuture<'_, Result<Vec<OpenTimer>, StoreFault>> {
        self.inner.open_timers(limit)
    }

    fn invocation_time(&self, id: &ExecutionId) -> StoreFuture<'_, Result<Duration, StoreFault>> {
        self.inner.invocation_time(id)
    }

    fn recent_inputs(
        &self,
        function: &FunctionName,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<RecentInput>, StoreFault>> {
        self.inner.recent_inputs(function, limit)
    }

    fn stats(&self) -> StoreStats {
        self.inner.stats()
    }

    fn health(&self) -> StoreHealth {
        self.inner.health()
    }

    fn deadlines(
        &self,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<(Timestamp, ExecutionId)>, StoreFault>> {
        self.inner.deadlines(limit)
    }

    fn waking_deadlines(
        &self,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<(Timestamp, ExecutionId)>, StoreFault>> {
        self.inner.waking_deadlines(limit)
    }

    fn owing_work(&self, owner: Owner) -> StoreFuture<'_, Result<Vec<ExecutionId>, StoreFault>> {
        self.inner.owing_work(owner)
    }

    fn set_aside(&self, record: SetAside) -> StoreFuture<'_, Result<(), StoreFault>> {
        self.write(|inner| inner.set_aside(record))
    }

    fn take_back(&self, id: &ExecutionId) -> StoreFuture<'_, Result<(), StoreFault>> {
        self.write(|inner| inner.take_back(id))
    }

    fn executions_set_aside(&self) -> StoreFuture<'_, Result<Vec<SetAside>, StoreFault>> {
        self.inner.executions_set_aside()
    }

    fn enqueue(
        &self,
        invocation: AsyncInvocation,
    ) -> StoreFuture<'_, Result<AsyncInvocationId, StoreFault>> {
        self.write(|inner| inner.enqueue(invocation))
    }

    fn enqueue_scheduled(
        &self,
        invocation: AsyncInvocation,
        mark: ScheduleMark,
    ) -> StoreFuture<'_, Result<AsyncInvocationId, StoreFault>> {
        self.write(|inner| inner.enqueue_scheduled(invocation, mark))
    }

    fn put_schedule_mark(&self, mark: ScheduleMark) -> StoreFuture<'_, Result<(), StoreFault>> {
        self.inner.put_schedule_mark(mark)
    }

    fn delete_schedule_mark(&self, schedule: &str) -> StoreFuture<'_, Result<(), StoreFault>> {
        self.inner.delete_schedule_mark(schedule)
    }

    fn schedule_marks(&self) -> StoreFuture<'_, Result<Vec<ScheduleMark>, StoreFault>> {
        self.inner.schedule_marks()
    }

    fn postpone(
        &self,
        id: AsyncInvocationId,
        attempts: u32,
        not_before: Timestamp,
    ) -> StoreFuture<'_, Result<(), StoreFault>> {
        self.write(|inner| inner.postpone(id, attempts, not_before))
    }

    fn dequeue(&self, id: AsyncInvocationId) -> StoreFuture<'_, Result<(), StoreFault>> {
        self.write(|inner| inner.dequeue(id))
    }

    fn bury(
        &self,
        id: AsyncInvocationId,
        letter: DeadLetter,
    ) -> StoreFuture<'_, Result<(), StoreFault>> {
        self.write(|inner| inner.bury(id, letter))
    }

    fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<(DeadLetterId, DeadLetter)>, StoreFault>> {
        self.inner.dead_letters(before, limit)
    }

    fn dead_letter_count(&self) -> StoreFuture<'_, Result<u64, StoreFault>> {
        self.inner.dead_letter_count()
    }

    fn queued(
        &self,
        after: Option<AsyncInvocationId>,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<QueuedInvocation>, StoreFault>> {
        self.inner.queued(after, limit)
    }

    fn queued_invocation(
        &self,
        id: AsyncInvocationId,
    ) -> StoreFuture<'_, Result<Option<AsyncInvocation>, StoreFault>> {
        self.inner.queued_invocation(id)
    }

    fn put_function_version(
        &self,
        record: FunctionVersionRecord,
    ) -> StoreFuture<'_, Result<(), StoreFault>> {
        self.inner.put_function_version(record)
    }

    fn function_versions(&self) -> StoreFuture<'_, Result<Vec<FunctionVersionRecord>, StoreFault>> {
        self.inner.function_versions()
    }

    fn put_alias(&self, record: AliasRecord) -> StoreFuture<'_, Result<(), StoreFault>> {
        self.inner.put_alias(record)
    }

    fn aliases(&self) -> StoreFuture<'_, Result<Vec<AliasRecord>, StoreFault>> {
        self.inner.aliases()
    }

    fn put_function_settings(
        &self,
        record: FunctionSettingsRecord,
    ) -> StoreFuture<'_, Result<(), StoreFault>> {
        self.inner.put_function_settings(record)
    }

    fn function_settings(
        &self,
    ) -> StoreFuture<'_, Result<Vec<FunctionSettingsRecord>, StoreFault>> {
        self.inner.function_settings()
    }

    fn delete_function_version(
        &self,
        function: &FunctionName,
        version: &Version,
    ) -> StoreFuture<'_, Result<(), StoreFault>> {
        self.inner.delete_function_version(function, version)
    }

    fn delete_alias(
        &self,
        function: &FunctionName,
        name: &str,
    ) -> StoreFuture<'_, Result<(), StoreFault>> {
        self.inner.delete_alias(function, name)
    }

    fn delete_function(&self, function: &FunctionName) -> StoreFuture<'_, Result<(), StoreFault>> {
        self.inner.delete_function(function)
    }

    fn close(&self) -> StoreFuture<'_, Result<(), StoreFault>> {
        self.inner.close()
    }
}
