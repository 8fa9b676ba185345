//! Servers that share the database: single statements, by the clock of the database.

use std::time::Duration;

use model::{ExecutionId, FunctionName, Owner, Shard, Shards, Timestamp};
use store::{Membership, PlacesAsk, PlacesRecord, PlacesSeen, ServerRecord, Servers, StoreFuture};
use store::{Survey, SurveyedServer};
use tokio_postgres::Row;

use super::PostgresStore;
use crate::cells::Columns;
use crate::fault::ReadError;
use store::columns::Cells as _;

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
                .heart
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

    fn survey(&self) -> StoreFuture<'_, Survey> {
        self.read("look at the servers".to_owned(), async move {
            let account = &*self.account;
            let survey = include_str!("../sql/servers/survey.sql");
            let owned = include_str!("../sql/servers/owned.sql");
            let answers = self
                .readers
                .snapshot(&[(survey, &[&account]), (owned, &[&account])])
                .await?;
            let mut survey = Survey {
                at: Timestamp::from_millis(0),
                servers: Vec::new(),
                owners: Membership::empty().owners,
            };
            let [servers, owned] = answers.as_slice() else {
                return Ok(survey);
            };
            for row in servers {
                let server = read_server(row)?;
                let mut columns = Columns::of(row);
                columns.skip(SERVER_COLUMNS);
                let expires_at = columns.instant()?;
                survey.at = columns.instant()?;
                survey.servers.push(SurveyedServer {
                    server,
                    expires_at,
                    invocations: columns.count()?,
                });
            }
            survey.servers.sort_by_key(|it| it.server.id);
            for row in owned {
                let (shard, owner) = read_shard(row)?;
                survey.owners[usize::from(shard.0)] = Some(owner);
            }
            Ok(survey)
        })
    }

    fn claim(&self, by: Owner, shards: Shards) -> StoreFuture<'_, Shards> {
        self.read("claim shards".to_owned(), async move {
            let (account, by) = (&*self.account, by.0.cast_signed());
            let numbers = numbers(shards);
            let lock = include_str!("../sql/servers/lock_shards.sql");
            // A statement of its own, so that it sees the changes of servers that had the lock before.
            let claim = include_str!("../sql/servers/claim.sql");
            let answers = self
                .heart
                .transact(&[
                    (lock, &[&account, &numbers]),
                    (claim, &[&account, &numbers, &by]),
                ])
                .await?;
            let rows = answers.last().map(Vec::as_slice).unwrap_or_default();
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
                .heart
                .write(sql, &[&&*self.account, &of.0.cast_signed()])
                .await?;
            let read = |row: &Row| Columns::of(row).parsed(ExecutionId::parse);
            Ok(self.unreadable.all("word about execution", &rows, read))
        })
    }

    fn share_places(
        &self,
        server: Owner,
        question: u64,
        asks: Vec<PlacesAsk>,
        lease: Duration,
    ) -> StoreFuture<'_, PlacesSeen> {
        self.read("share places".to_owned(), async move {
            let (account, server) = (&*self.account, server.0.cast_signed());
            let functions: Vec<_> = asks.iter().map(|ask| ask.function.as_str()).collect();
            let number = |of: fn(&PlacesAsk) -> u32| -> Vec<i64> {
                asks.iter().map(|ask| i64::from(of(ask))).collect()
            };
            let limits = number(|ask| ask.limit);
            let kept = number(|ask| ask.keep);
            let goals = number(|ask| ask.goal);
            let wanted = number(|ask| ask.wanted);
            let lease = lease.as_secs_f64();
            let question = question.cast_signed();
            let make = include_str!("../sql/servers/make_place_locks.sql");
            let lock = include_str!("../sql/servers/lock_places.sql");
            // A statement of its own, so that it sees the changes of servers that had the locks before.
            let share = include_str!("../sql/servers/share_places.sql");
            let places = include_str!("../sql/servers/places.sql");
            let answers = self
                .readers
                .transact(&[
                    (make, &[&account, &functions]),
                    (lock, &[&account, &functions]),
                    (
                        share,
                        &[
                            &account, &server, &functions, &limits, &kept, &goals, &wanted, &lease,
                            &question,
                        ],
                    ),
                    (places, &[&account, &functions]),
                ])
                .await?;
            let rows = answers.last().map(Vec::as_slice).unwrap_or_default();
            let mut seen = PlacesSeen {
                at: Timestamp::from_millis(0),
                places: Vec::with_capacity(rows.len()),
            };
            for row in rows {
                let mut columns = Columns::of(row);
                seen.at = columns.instant()?;
                seen.places.push(PlacesRecord {
                    function: columns.parsed(FunctionName::parse)?,
                    server: Owner(columns.bits()?),
                    held: columns.count()?,
                    wanted: columns.count()?,
                });
            }
            Ok(seen)
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

/// As many as [`read_server`] reads.
const SERVER_COLUMNS: usize = 6;

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
