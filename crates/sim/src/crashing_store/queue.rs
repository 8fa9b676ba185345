//! The queue of asynchronous invocations: every change is counted.

use model::Timestamp;
use store::{
    AsyncInvocation, AsyncInvocationId, DeadLetter, DeadLetterId, InvocationQueue,
    QueuedInvocation, StoreFuture,
};

use super::CrashingStore;

impl InvocationQueue for CrashingStore {
    fn enqueue(&self, invocation: AsyncInvocation) -> StoreFuture<'_, AsyncInvocationId> {
        self.write(|inner| inner.enqueue(invocation))
    }

    fn queued(
        &self,
        after: Option<AsyncInvocationId>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<QueuedInvocation>> {
        self.inner.queued(after, limit)
    }

    fn queued_invocation(&self, id: AsyncInvocationId) -> StoreFuture<'_, Option<AsyncInvocation>> {
        self.inner.queued_invocation(id)
    }

    fn postpone(
        &self,
        id: AsyncInvocationId,
        attempts: u32,
        not_before: Timestamp,
    ) -> StoreFuture<'_, ()> {
        self.write(|inner| inner.postpone(id, attempts, not_before))
    }

    fn dequeue(&self, id: AsyncInvocationId) -> StoreFuture<'_, ()> {
        self.write(|inner| inner.dequeue(id))
    }

    fn bury(&self, id: AsyncInvocationId, letter: DeadLetter) -> StoreFuture<'_, ()> {
        self.write(|inner| inner.bury(id, letter))
    }

    fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(DeadLetterId, DeadLetter)>> {
        self.inner.dead_letters(before, limit)
    }

    fn dead_letter_count(&self) -> StoreFuture<'_, u64> {
        self.inner.dead_letter_count()
    }
}
