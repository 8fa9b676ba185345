//! The store: hands writes to the writer and reads to the pools. Each part has a file, which maps its calls.

mod access_keys;
mod audit;
mod catalogue;
mod code_blobs;
mod contradictions;
mod executions;
mod history;
mod queue;
mod schedule_marks;
mod search;
mod servers;
mod sessions;
mod stacks;
mod work;

use std::future::Future;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use model::Shards;
use store::{
    AsyncInvocationId, Durability, Store, StoreFault, StoreFuture, StoreHealth, StoreStats,
};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::fault::ReadError;
use crate::health::Health;
use crate::intake::{Intake, Refused};
use crate::job::{Job, Outcome, Write, Written};
use crate::keys::Keys;
use crate::lane::Lane;
use crate::maintenance;
use crate::open::{Prepared, prepare};
use crate::open_error::OpenError;
use crate::readers::Readers;
use crate::restoring::Restoring;
use crate::stats::Stats;
use crate::unreadable::UnreadableRows;
use crate::writer::{QUEUE_CAPACITY, Writer};

/// Connections that are read from.
const READERS: usize = 8;

/// Connections for reads of people, which may take long: they must not hold up the reads that executions wait for.
const SEARCHERS: usize = 3;

/// Connections on which a server says that it lives, and takes its share: it must not wait behind reads when they are
/// too many, or it would lose its shards, and the others would get them on top of their own.
const HEART: usize = 2;

/// Durable executions in a PostgreSQL database, which several servers may share, each with a value of its own.
///
/// Needs a Tokio runtime, which its tasks run on from [`PostgresStore::open`] on. It keeps a dozen connections at the
/// most, and connects again by itself.
#[derive(Debug)]
pub struct PostgresStore {
    account: Arc<str>,
    durability: Durability,
    writes: Arc<Intake<Job>>,
    readers: Readers,
    searchers: Readers,
    heart: Readers,
    stats: Arc<Stats>,
    health: Arc<Health>,
    unreadable: Arc<UnreadableRows>,
    /// Whether the writer has ended.
    ended: watch::Receiver<bool>,
    maintaining: JoinHandle<()>,
}

impl PostgresStore {
    /// Opens the executions of an account (twelve digits) in a database, which is named by a URL or by key words as
    /// libpq takes them, and brings the database to the schema of this program.
    ///
    /// # Errors
    /// [`OpenError`], whose text says what to do.
    pub async fn open(url: &str, account: &str) -> Result<Self, OpenError> {
        Self::open_as(url, account, None).await
    }

    /// Opens a database that is being filled by the same process.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn open_restoring(
        url: &str,
        account: &str,
        restoring: &Restoring,
    ) -> Result<Self, OpenError> {
        Self::open_as(url, account, Some(restoring)).await
    }

    async fn open_as(
        url: &str,
        account: &str,
        restoring: Option<&Restoring>,
    ) -> Result<Self, OpenError> {
        let Prepared {
            target,
            client,
            connection,
            synchronous_commit,
        } = prepare(url, account, restoring).await?;
        let shards = client
            .execute(include_str!("sql/write/make_shards.sql"), &[&account])
            .await;
        shards.map_err(|cause| OpenError::of(&target, "make the table of shards", cause))?;
        drop(client);
        connection.abort();

        let account: Arc<str> = account.into();
        let health = Arc::new(Health::default());
        let stats = Arc::new(Stats::default());
        let durability = if synchronous_commit == "off" {
            health.warn(
                "the database has `synchronous_commit = off`: what was acknowledged may be lost when its machine dies"
                    .to_owned(),
            );
            Durability::Os
        } else {
            Durability::Disk
        };
        let mut lane = Lane::new(Arc::clone(&target), Arc::clone(&account));
        let connected = lane.connect().await;
        connected.map_err(|cause| OpenError::Database {
            server: target.server(),
            attempted: "put up the fence of the writer".to_owned(),
            cause: Box::new(cause),
        })?;
        let readers = Readers::new(&target, READERS);
        let searchers = Readers::new(&target, SEARCHERS);
        let heart = Readers::new(&target, HEART);
        let writes = Arc::new(Intake::new(QUEUE_CAPACITY));
        let (ending, ended) = watch::channel(false);
        let maintaining = tokio::spawn(maintenance::run(
            searchers.clone(),
            Arc::clone(&account),
            lane.writer(),
            Arc::clone(&stats),
        ));
        let writer = Writer {
            account: Arc::clone(&account),
            lane,
            intake: Arc::clone(&writes),
            stats: Arc::clone(&stats),
            health: Arc::clone(&health),
            gave_up: false,
            keys: Keys::default(),
        };
        tokio::spawn(run_writer(
            writer,
            Arc::clone(&writes),
            Arc::clone(&health),
            ending,
        ));
        Ok(Self {
            account,
            durability,
            writes,
            readers,
            searchers,
            heart,
            stats,
            health,
            unreadable: Arc::default(),
            ended,
            maintaining,
        })
    }

    /// Hands a write over, in the call and not in the first poll; the future waits for the answer.
    fn write(&self, write: Write) -> impl Future<Output = Outcome> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        let pushed = self.writes.push(Job { write, answer });
        let pushed = pushed.map_err(|(job, why)| refused(job.write.attempted(), why));
        async move {
            pushed?;
            match answered.await {
                Ok(outcome) => outcome,
                Err(cause) => {
                    let fault = StoreFault::new("write to the database", false, cause);
                    Err(fault.with_outcome_unknown().into())
                }
            }
        }
    }

    /// A write that nothing in the database can conflict with, and that comes to nothing but being done.
    fn do_write(&self, write: Write) -> StoreFuture<'static, ()> {
        let writing = self.write(write);
        Box::pin(async move { Written::done(writing).await.map(drop) })
    }

    /// A write that accepts an invocation.
    fn accept(&self, write: Write) -> StoreFuture<'static, AsyncInvocationId> {
        Box::pin(Written::accepted(self.write(write)))
    }

    /// A read whose fault names the attempt, unless the store is closed.
    fn read<'a, T: 'a>(
        &'a self,
        attempted: String,
        read: impl Future<Output = Result<T, ReadError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreFault>> {
        Box::pin(async move {
            if self.health.is_closed() {
                return Err(StoreFault::closed(attempted));
            }
            read.await.map_err(|error| error.fault(attempted))
        })
    }
}

/// Runs the writer; when it cannot go on, no caller waits for an answer that cannot come.
async fn run_writer(
    writer: Writer,
    writes: Arc<Intake<Job>>,
    health: Arc<Health>,
    ending: watch::Sender<bool>,
) {
    let running = std::panic::AssertUnwindSafe(writer.run());
    if let Err(panic) = running.catch_unwind().await {
        let why = stdx::panic_message(panic.as_ref()).unwrap_or("it did not say why");
        tracing::error!(error = why, "the task that writes has ended");
        health.writer_ended(why.to_owned());
        writes.abandon();
    }
    // The receiver is gone only with the store.
    let _ = ending.send(true);
}

/// The fault of a call that could not be handed over.
fn refused(attempted: String, refused: Refused) -> StoreFault {
    match refused {
        Refused::Closed => StoreFault::closed(attempted),
        Refused::Full => StoreFault::new(attempted, true, refused),
    }
}

/// The shards as a parameter; `None` if they are all.
fn shard_numbers(of: Shards) -> Option<Vec<i16>> {
    (!of.is_all()).then(|| of.iter().map(|shard| i16::from(shard.0)).collect())
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        // The writer finishes the writes handed over, as long as the runtime lets it.
        self.writes.close();
        self.maintaining.abort();
    }
}

impl Store for PostgresStore {
    fn durability(&self) -> Durability {
        self.durability
    }

    fn stats(&self) -> StoreStats {
        StoreStats {
            failed_commits: self.health.failed_commits(),
            unreadable_rows: self.unreadable.count(),
            ..self.stats.read()
        }
    }

    fn health(&self) -> StoreHealth {
        if self.health.wants_probe() {
            // The next caller learns the outcome; a full queue tries others' writes.
            drop(self.write(Write::Probe));
        }
        let mut warnings = self.health.warnings();
        let unreadable = self.unreadable.first().into_iter();
        warnings.extend(
            unreadable.map(|row| format!("left out of lists, because it cannot be decoded: {row}")),
        );
        StoreHealth {
            trouble: self.health.trouble(),
            warnings,
        }
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.health.close();
            self.writes.close();
            self.maintaining.abort();
            let mut ended = self.ended.clone();
            // The sender goes only with the writer, which says so before.
            let _ = ended.wait_for(|ended| *ended).await;
            self.readers.close();
            self.searchers.close();
            self.heart.close();
            Ok(())
        })
    }
}
