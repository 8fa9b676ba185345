//! The queue of asynchronous invocations.

use model::{Shards, Timestamp};

use super::{Around, Call, Surround};
use crate::{
    AsyncInvocation, AsyncInvocationId, DeadLetter, DeadLetterId, InvocationQueue,
    QueuedInvocation, StoreFuture,
};

impl<S: Surround> InvocationQueue for Around<S> {
    fn enqueue(&self, invocation: AsyncInvocation) -> StoreFuture<'_, AsyncInvocationId> {
        let call = Call::Write("enqueue");
        self.around
            .call(call, move || self.inner.enqueue(invocation))
    }

    fn queued(
        &self,
        of: Shards,
        after: Option<AsyncInvocationId>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<QueuedInvocation>> {
        let call = Call::Read("queued");
        self.around
            .call(call, move || self.inner.queued(of, after, limit))
    }

    fn queued_invocation(&self, id: AsyncInvocationId) -> StoreFuture<'_, Option<AsyncInvocation>> {
        let call = Call::Read("queued_invocation");
        self.around
            .call(call, move || self.inner.queued_invocation(id))
    }

    fn postpone(
        &self,
        id: AsyncInvocationId,
        attempts: u32,
        not_before: Timestamp,
    ) -> StoreFuture<'_, ()> {
        let call = Call::Write("postpone");
        self.around
            .call(call, move || self.inner.postpone(id, attempts, not_before))
    }

    fn dequeue(&self, id: AsyncInvocationId) -> StoreFuture<'_, ()> {
        let call = Call::Write("dequeue");
        self.around.call(call, move || self.inner.dequeue(id))
    }

    fn bury(&self, id: AsyncInvocationId, letter: DeadLetter) -> StoreFuture<'_, ()> {
        let call = Call::Write("bury");
        self.around.call(call, move || self.inner.bury(id, letter))
    }

    fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(DeadLetterId, DeadLetter)>> {
        let call = Call::Read("dead_letters");
        self.around
            .call(call, move || self.inner.dead_letters(before, limit))
    }

    fn dead_letter_count(&self) -> StoreFuture<'_, u64> {
        let call = Call::Read("dead_letter_count");
        self.around
            .call(call, move || self.inner.dead_letter_count())
    }
}
