//! Due deadlines, owed work, executions set aside, versions still needed.

use model::{ExecutionId, FunctionName, Owner, Shards, Timestamp, Version};
use store::{SetAside, StoreFuture, Work};
use tokio_postgres::Row;

use super::executions::Page;
use super::{PostgresStore, shard_numbers};
use crate::cells::Columns;
use crate::fault::ReadError;
use crate::job::Write;
use store::columns::Cells as _;

impl Work for PostgresStore {
    fn deadlines(
        &self,
        of: Shards,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>> {
        self.soonest(include_str!("../sql/read/deadlines.sql"), of, limit)
    }

    fn waking_deadlines(
        &self,
        of: Shards,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>> {
        self.soonest(include_str!("../sql/read/waking_deadlines.sql"), of, limit)
    }

    fn owing_work(&self, owner: Owner, of: Shards) -> StoreFuture<'_, Vec<ExecutionId>> {
        self.read("read what is owed".to_owned(), async move {
            let sql = include_str!("../sql/read/owing_work.sql");
            let (account, owner) = (&*self.account, owner.0.cast_signed());
            let rows = self
                .readers
                .rows(sql, &[&account, &shard_numbers(of), &owner])
                .await?;
            let read = |row: &Row| Columns::of(row).parsed(ExecutionId::parse);
            Ok(self.unreadable.all("work of execution", &rows, read))
        })
    }

    fn set_aside(&self, record: SetAside) -> StoreFuture<'_, ()> {
        self.do_write(Write::SetAside(Box::new(record)))
    }

    fn take_back(&self, id: &ExecutionId) -> StoreFuture<'_, ()> {
        self.do_write(Write::TakeBack(id.clone()))
    }

    fn executions_set_aside(&self) -> StoreFuture<'_, Vec<SetAside>> {
        self.read("read what is set aside".to_owned(), async move {
            let sql = include_str!("../sql/read/set_aside.sql");
            let rows = self.readers.rows(sql, &[&&*self.account]).await?;
            let kind = "execution that is set aside";
            Ok(self.unreadable.all(kind, &rows, read_set_aside))
        })
    }

    fn versions_needed(&self) -> StoreFuture<'_, Vec<(FunctionName, Version)>> {
        self.read("read which versions are needed".to_owned(), async move {
            let sql = include_str!("../sql/read/versions_needed.sql");
            let rows = self.readers.rows(sql, &[&&*self.account]).await?;
            // One that cannot be read fails the list: a caller that takes it for complete removes all others.
            let read = |row| {
                let mut columns = Columns::of(row);
                Ok((columns.parsed(FunctionName::parse)?, columns.parsed_text()?))
            };
            rows.iter().map(read).collect()
        })
    }
}

impl PostgresStore {
    fn soonest(
        &self,
        sql: &'static str,
        of: Shards,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(Timestamp, ExecutionId)>> {
        self.read("read deadlines".to_owned(), async move {
            let account = &*self.account;
            let shards = shard_numbers(of);
            let page = Page {
                kind: "deadline of execution",
                sql,
                parameters: &[&account, &shards],
                limit,
            };
            self.readable_page(&self.readers, page, read_due).await
        })
    }
}

fn read_due(row: &Row) -> Result<(Timestamp, ExecutionId), ReadError> {
    let mut columns = Columns::of(row);
    Ok((columns.instant()?, columns.parsed(ExecutionId::parse)?))
}

fn read_set_aside(row: &Row) -> Result<SetAside, ReadError> {
    let mut columns = Columns::of(row);
    Ok(SetAside {
        execution_id: columns.parsed(ExecutionId::parse)?,
        set_aside_at: columns.instant()?,
        attempted: columns.text()?,
        reason: columns.text()?,
    })
}
