//! The queue of asynchronous invocations.

use model::{Shards, Timestamp};
use store::{
    AsyncInvocation, AsyncInvocationId, DeadLetter, DeadLetterId, InvocationQueue,
    QueuedInvocation, StoreFuture, StoreWrite,
};

use super::SqliteStore;
use crate::read;

impl InvocationQueue for SqliteStore {
    fn enqueue(&self, invocation: AsyncInvocation) -> StoreFuture<'_, AsyncInvocationId> {
        self.accept(StoreWrite::Enqueue(invocation))
    }

    fn queued(
        &self,
        of: Shards,
        after: Option<AsyncInvocationId>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<QueuedInvocation>> {
        let attempted = "read accepted asynchronous invocations".to_owned();
        self.readers.read(attempted, move |connection| {
            read::queued(connection, of, after, limit)
        })
    }

    fn queued_invocation(&self, id: AsyncInvocationId) -> StoreFuture<'_, Option<AsyncInvocation>> {
        let attempted = format!("read asynchronous invocation {}", id.0);
        self.readers.read(attempted, move |connection| {
            read::queued_invocation(connection, id)
        })
    }

    fn postpone(
        &self,
        id: AsyncInvocationId,
        attempts: u32,
        not_before: Timestamp,
    ) -> StoreFuture<'_, ()> {
        self.do_write(StoreWrite::Postpone {
            id,
            attempts,
            not_before,
        })
    }

    fn dequeue(&self, id: AsyncInvocationId) -> StoreFuture<'_, ()> {
        self.do_write(StoreWrite::Dequeue(id))
    }

    fn bury(&self, id: AsyncInvocationId, letter: DeadLetter) -> StoreFuture<'_, ()> {
        self.do_write(StoreWrite::Bury(id, Box::new(letter)))
    }

    fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(DeadLetterId, DeadLetter)>> {
        let attempted = "read dead letters".to_owned();
        self.readers.read(attempted, move |connection| {
            read::dead_letters(connection, before, limit)
        })
    }

    fn dead_letter_count(&self) -> StoreFuture<'_, u64> {
        let attempted = "count dead letters".to_owned();
        self.searcher.read(attempted, read::dead_letter_count)
    }
}
