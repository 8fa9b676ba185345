//! The queue of asynchronous invocations in memory, with its dead letters.

use std::convert::Infallible;

use model::{Shards, Timestamp};

use super::MemoryStore;
use super::tables::QueueTables;
use crate::{
    AsyncInvocation, AsyncInvocationId, DEAD_LETTER_BYTES_MAX, DEAD_LETTERS_MAX, DeadLetter,
    DeadLetterId, InvocationQueue, QueuedInvocation, StoreFuture, within_bytes,
};

impl InvocationQueue for MemoryStore {
    fn enqueue(&self, invocation: AsyncInvocation) -> StoreFuture<'_, AsyncInvocationId> {
        self.call("accept an invocation", |tables| {
            tables.queue.enqueue(invocation)
        })
    }

    fn queued(
        &self,
        of: Shards,
        after: Option<AsyncInvocationId>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<QueuedInvocation>> {
        self.call("read accepted invocations", |tables| {
            let queued = tables.queue.waiting.iter();
            queued
                .filter(|(id, _)| after.is_none_or(|after| **id > after))
                .filter(|(_, invocation)| of.contains(invocation.request_id.shard()))
                .take(limit.max(1))
                .map(|(id, invocation)| QueuedInvocation {
                    id: *id,
                    function: invocation.function.clone(),
                    version: invocation.version.clone(),
                    not_before: invocation.not_before,
                })
                .collect()
        })
    }

    fn queued_invocation(&self, id: AsyncInvocationId) -> StoreFuture<'_, Option<AsyncInvocation>> {
        self.call("read an accepted invocation", |tables| {
            tables.queue.waiting.get(&id).cloned()
        })
    }

    fn postpone(
        &self,
        id: AsyncInvocationId,
        attempts: u32,
        not_before: Timestamp,
    ) -> StoreFuture<'_, ()> {
        self.call("postpone an invocation", |tables| {
            if let Some(invocation) = tables.queue.waiting.get_mut(&id) {
                invocation.attempts = attempts;
                invocation.not_before = not_before;
            }
        })
    }

    fn dequeue(&self, id: AsyncInvocationId) -> StoreFuture<'_, ()> {
        self.call("forget an invocation", |tables| {
            tables.queue.waiting.remove(&id);
        })
    }

    fn bury(&self, id: AsyncInvocationId, letter: DeadLetter) -> StoreFuture<'_, ()> {
        self.call("bury an invocation", |tables| {
            tables.queue.bury(id, letter);
        })
    }

    fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(DeadLetterId, DeadLetter)>> {
        self.call("read dead letters", |tables| {
            let newest_first = tables.queue.dead_letters.iter().rev();
            let found = newest_first.filter(|(id, _)| before.is_none_or(|before| **id < before));
            let letters = found
                .take(limit.max(1))
                .map(|(id, letter)| Ok::<_, Infallible>((*id, letter.clone())));
            let Ok(letters) = within_bytes(letters, DEAD_LETTER_BYTES_MAX, |(_, letter)| {
                letter.invocation.payload.len()
            });
            letters
        })
    }

    fn dead_letter_count(&self) -> StoreFuture<'_, u64> {
        self.call("count dead letters", |tables| {
            tables.queue.dead_letters.len() as u64
        })
    }
}

impl QueueTables {
    pub(super) fn enqueue(&mut self, invocation: AsyncInvocation) -> AsyncInvocationId {
        self.id_last += 1;
        let id = AsyncInvocationId(self.id_last);
        self.waiting.insert(id, invocation);
        id
    }

    fn bury(&mut self, id: AsyncInvocationId, letter: DeadLetter) {
        if self.waiting.remove(&id).is_none() {
            return;
        }
        self.dead_letter_id_last += 1;
        let last = self.dead_letter_id_last;
        self.dead_letters.insert(DeadLetterId(last), letter);
        self.dead_letters
            .retain(|id, _| id.0 > last - DEAD_LETTERS_MAX);
    }
}
