//! Servers that share the database: single statements, by the clock of the database.

use std::time::Duration;

use model::{ExecutionId, Owner, Shard, Shards, Timestamp};
use store::{Membership, ServerRecord, Servers, StoreFuture};
use tokio_postgres::Row;

use super::PostgresStore;
use crate::cells::Columns;
use crate::fault::ReadError;

impl Servers for PostgresStore {
    fn beat(&self, server: ServerRecord, lease: Duration) -> StoreFuture<'_, Membership> {
        self.read("say that the server lives".to_owned(), async move {
            let account = &*self.account;
            let lease = lease.as_secs_f64();
            let sql = include_str!("../sql/servers/beat.sql");
            self.heart
                .write(
                    sql,
                    &[
                        &account,
                        &server.id.0.cast_signed(),
                        &crate::text::stored(&server.address),
                        &crate::text::stored(&server.secret),
                        &crate::text::stored(&server.version),
                        &server.started_at.as_millis(),
                        &server.is_leaving,
                        &lease,
                    ],
                )
                .await?;
            let live = include_str!("../sql/servers/live.sql");
            let owned = include_str!("../sql/servers/owned.sql");
            let answers = self
                .readers
                .snapshot(&[(live, &[&account]), (owned, &[&account])])
                .await?;
            let [live, owned] = answers.as_slice() else {
                return Ok(Membership::empty());
            };
            let mut membership = Membership::empty();
            membership.servers = live.iter().map(read_server).collect::<Result<_, _>>()?;
            membership.servers.sort_by_key(|server| server.id);
            for row in owned {
                let (shard, owner) = read_shard(row)?;
                membership.owners[usize::from(shard.0)] = Some(owner);
            }
            Ok(membership)
        })
    }

    fn claim(&self, by: Owner, shards: Shards) -> StoreFuture<'_, Shards> {
        self.read("claim shards".to_owned(), async move {
            let (account, by) = (&*self.account, by.0.cast_signed());
            let numbers = numbers(shards);
            let mut client = self.heart.take().await?;
            let transaction = client.transaction().await?;
            let lock = include_str!("../sql/servers/lock_shards.sql");
            let lock = transaction.prepare_cached(lock).await?;
            transaction.execute(&lock, &[&account, &numbers]).await?;
            // A statement of its own, so that it sees what those have done who had the lock before.
            let claim = include_str!("../sql/servers/claim.sql");
            let claim = transaction.prepare_cached(claim).await?;
            let rows = transaction
                .query(&claim, &[&account, &numbers, &by])
                .await?;
            let committed = transaction.commit().await;
            client.returned(committed)?;
            let read = |row: &Row| Columns::of(row).count::<u8>().map(Shard);
            rows.iter().map(read).collect()
        })
    }

    fn give(&self, from: Owner, shards: Shards, to: Option<Owner>) -> StoreFuture<'_, ()> {
        self.read("pass shards on".to_owned(), async move {
            let sql = include_str!("../sql/servers/give.sql");
            let from = from.0.cast_signed();
            let to = to.map(|to| to.0.cast_signed());
            self.heart
                .write(sql, &[&&*self.account, &numbers(shards), &from, &to])
                .await
                .map(drop)
        })
    }

    fn leave_word(&self, to: Owner, executions: Vec<ExecutionId>) -> StoreFuture<'_, ()> {
        self.read("leave word for another server".to_owned(), async move {
            if executions.is_empty() {
                return Ok(());
            }
            let sql = include_str!("../sql/servers/leave_word.sql");
            let ids: Vec<_> = executions.iter().map(ExecutionId::as_str).collect();
            self.heart
                .write(sql, &[&&*self.account, &to.0.cast_signed(), &ids])
                .await
                .map(drop)
        })
    }

    fn take_word(&self, of: Owner) -> StoreFuture<'_, Vec<ExecutionId>> {
        self.read("take the word that was left".to_owned(), async move {
            let sql = include_str!("../sql/servers/take_word.sql");
            let rows = self
                .readers
                .write(sql, &[&&*self.account, &of.0.cast_signed()])
                .await?;
            let read = |row: &Row| Columns::of(row).parsed(ExecutionId::parse);
            Ok(self.unreadable.all("word about execution", &rows, read))
        })
    }

    fn leave(&self, server: Owner) -> StoreFuture<'_, ()> {
        self.read("forget a server".to_owned(), async move {
            let sql = include_str!("../sql/servers/leave.sql");
            self.heart
                .write(sql, &[&&*self.account, &server.0.cast_signed()])
                .await
                .map(drop)
        })
    }
}

fn numbers(shards: Shards) -> Vec<i16> {
    shards.iter().map(|shard| i16::from(shard.0)).collect()
}

fn read_server(row: &Row) -> Result<ServerRecord, ReadError> {
    let mut columns = Columns::of(row);
    Ok(ServerRecord {
        id: Owner(columns.bits()?),
        address: columns.text()?,
        secret: columns.text()?,
        version: columns.text()?,
        started_at: Timestamp::from_millis(columns.next()?),
        is_leaving: columns.next()?,
    })
}

fn read_shard(row: &Row) -> Result<(Shard, Owner), ReadError> {
    let mut columns = Columns::of(row);
    Ok((Shard(columns.count()?), Owner(columns.bits()?)))
}
