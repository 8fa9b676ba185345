//! The queue of asynchronous invocations, and dead letters.

use model::{Shards, Timestamp};
use store::columns::{Cells as _, read_async_invocation, read_dead_letter, read_queued};
use store::{
    AsyncInvocation, AsyncInvocationId, DEAD_LETTER_BYTES_MAX, DeadLetter, DeadLetterId,
    InvocationQueue, QueuedInvocation, StoreFuture, within_bytes,
};

use super::executions::Page;
use super::{PostgresStore, shard_numbers};
use crate::cells::Columns;
use crate::job::Write;
use crate::read::row_limit;

impl InvocationQueue for PostgresStore {
    fn enqueue(&self, invocation: AsyncInvocation) -> StoreFuture<'_, AsyncInvocationId> {
        self.accept(Write::Enqueue(invocation))
    }

    fn queued(
        &self,
        of: Shards,
        after: Option<AsyncInvocationId>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<QueuedInvocation>> {
        self.read("read accepted invocations".to_owned(), async move {
            let sql = include_str!("../sql/read/queued.sql");
            let (account, shards) = (&*self.account, shard_numbers(of));
            let after = after.map_or(i64::MIN, |after| after.0);
            let page = Page {
                kind: "accepted invocation",
                sql,
                parameters: &[&account, &shards, &after],
                limit,
            };
            let read = |row: &_| read_queued(&mut Columns::of(row));
            self.readable_page(&self.readers, page, read).await
        })
    }

    fn queued_invocation(&self, id: AsyncInvocationId) -> StoreFuture<'_, Option<AsyncInvocation>> {
        let attempted = format!("read asynchronous invocation {}", id.0);
        self.read(attempted, async move {
            let sql = include_str!("../sql/read/queued_invocation.sql");
            let rows = self.readers.rows(sql, &[&&*self.account, &id.0]).await?;
            let read = |row| read_async_invocation(&mut Columns::of(row));
            rows.first().map(read).transpose()
        })
    }

    fn postpone(
        &self,
        id: AsyncInvocationId,
        attempts: u32,
        not_before: Timestamp,
    ) -> StoreFuture<'_, ()> {
        self.do_write(Write::Postpone {
            id,
            attempts,
            not_before,
        })
    }

    fn dequeue(&self, id: AsyncInvocationId) -> StoreFuture<'_, ()> {
        self.do_write(Write::Dequeue(id))
    }

    fn bury(&self, id: AsyncInvocationId, letter: DeadLetter) -> StoreFuture<'_, ()> {
        self.do_write(Write::Bury(id, Box::new(letter)))
    }

    fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(DeadLetterId, DeadLetter)>> {
        self.read("read dead letters".to_owned(), async move {
            let sql = include_str!("../sql/read/dead_letters.sql");
            let account = &*self.account;
            let before = before.map_or(i64::MAX, |before| before.0);
            let bytes_max = i64::try_from(DEAD_LETTER_BYTES_MAX).unwrap_or(i64::MAX);
            let rows = self
                .searchers
                .rows(sql, &[&account, &before, &row_limit(limit), &bytes_max])
                .await?;
            let read = |row: &_| read_dead_letter(&mut Columns::of(row));
            let letters = self.unreadable.all("dead letter", &rows, read);
            within_bytes(
                letters.into_iter().map(Ok),
                DEAD_LETTER_BYTES_MAX,
                |(_, letter)| letter.invocation.payload.len(),
            )
        })
    }

    fn dead_letter_count(&self) -> StoreFuture<'_, u64> {
        self.read("count dead letters".to_owned(), async move {
            let sql = include_str!("../sql/read/dead_letter_count.sql");
            let rows = self.searchers.rows(sql, &[&&*self.account]).await?;
            let count = rows.first().map(|row| Columns::of(row).bits()).transpose();
            Ok(count?.unwrap_or(0))
        })
    }
}
