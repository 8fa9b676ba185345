//! The store: hands writes to the writer and reads to the readers. Each part has a file, which only says which call
//! goes where.

mod access_keys;
mod audit;
mod catalogue;
mod executions;
mod history;
mod queue;
mod schedule_marks;
mod search;
mod stacks;
mod work;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use store::{
    AsyncInvocationId, CommitError, Durability, Store, StoreFuture, StoreHealth, StoreStats,
    StoreWrite, Written,
};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::awaiting::Awaiting;
use crate::check::Report;
use crate::fault::{refused, unanswered};
use crate::health::Health;
use crate::job::{Job, Write};
use crate::lock::FileLock;
use crate::log_copy::LogCopies;
use crate::open::Database;
use crate::open_error::OpenStoreError;
use crate::queue::Queue;
use crate::reader::{READERS, Readers, Told};
use crate::report::{FileCheck, OpenReport};
use crate::schema::Schema;
use crate::stats::Stats;
use crate::threads::{join_all, start_thread};
use crate::within::{Done, Within, WriteWithin};
use crate::{check, look, schema, within, writer};

/// Durable executions in one SQLite file.
///
/// Works under any async runtime or none: its threads are its own. When the thread that writes cannot go on, the
/// process ends with a message and exit status 70: the next one takes up the work begun, while this one could only
/// answer faults.
#[derive(Debug)]
pub struct SqliteStore {
    durability: Durability,
    /// Another program has the file, and this one only reads it.
    only_looks: bool,
    writes: Arc<Queue<Job>>,
    awaiting: Awaiting,
    readers: Readers,
    /// Reads for people, which may take long: they must not hold up the reads that executions wait for.
    searcher: Readers,
    stats: Arc<Stats>,
    told: Told,
    report: Report,
    /// Ends the check of the file.
    stop: Arc<AtomicBool>,
    threads: Mutex<Threads>,
}

/// The parts that closing takes apart.
#[derive(Debug, Default)]
struct Threads {
    reading: Vec<JoinHandle<()>>,
    writing: Vec<JoinHandle<()>>,
    lock: Option<FileLock>,
    /// The file of a store that is to survive nothing.
    scratch: Option<TempDir>,
}

impl SqliteStore {
    /// Opens or creates the database at `path`, with its directory, and brings it to the current
    /// schema. With [`Durability::Memory`] the path is left alone: the data lives in a scratch file
    /// that goes with the store.
    ///
    /// Blocks for as long as the file system does.
    ///
    /// # Errors
    /// [`OpenStoreError`] when another server has it open, when it is from a newer version of this
    /// program or not ours at all, and when the disk or SQLite fails.
    pub fn open(path: &Path, durability: Durability) -> Result<Self, OpenStoreError> {
        Self::open_with(path, durability, schema::EXECUTIONS)
    }

    /// As [`SqliteStore::open`], in a file that may have an application's tables beside the store's: its code can then
    /// run within the store's transactions, by [`WriteWithin`](crate::WriteWithin). Foreign keys are enforced; the
    /// store itself has none.
    ///
    /// # Errors
    /// As for [`SqliteStore::open`], and [`OpenStoreError::NotShared`] when the file's own tables stand in the way.
    pub fn open_shared(path: &Path, durability: Durability) -> Result<Self, OpenStoreError> {
        Self::open_with(path, durability, schema::EXECUTIONS.shared())
    }

    fn open_with(
        path: &Path,
        durability: Durability,
        schema: Schema,
    ) -> Result<Self, OpenStoreError> {
        if durability != Durability::Memory {
            return Self::start(path, durability, None, schema);
        }
        let scratch = TempDir::with_prefix("lambdura-").map_err(|cause| OpenStoreError::File {
            path: std::env::temp_dir(),
            cause,
        })?;
        Self::start(
            &scratch.path().join("scratch.db"),
            durability,
            Some(scratch),
            schema,
        )
    }

    fn start(
        path: &Path,
        durability: Durability,
        scratch: Option<TempDir>,
        schema: Schema,
    ) -> Result<Self, OpenStoreError> {
        let mut database = Database::open(path, durability, schema)?;
        if schema.is_shared() {
            share(&mut database.writer).map_err(|cause| OpenStoreError::Database {
                path: path.to_owned(),
                cause,
            })?;
        }
        let connections: Result<Vec<_>, _> = (0..READERS).map(|_| database.open_reader()).collect();
        let connections = connections?;
        let searching = database.open_reader()?;
        let checking = database.open_reader()?;
        let copying = database.open_copier()?;
        if durability == Durability::Disk {
            database.lengthen_log();
        }
        database.say_open()?;
        let Database {
            path,
            durability: _,
            writer: connection,
            report,
            lock,
        } = database;
        let told = Told {
            health: Arc::new(Health::of(&path)),
            unreadable: Arc::default(),
        };
        let writes = Arc::new(Queue::new(writer::QUEUE_CAPACITY));
        let (began, begins) = mpsc::sync_channel(1);
        let log_copies = LogCopies::start(&path, copying)?;
        let stats = Arc::new(Stats::of(&path));
        let writing = {
            let (queue, stats, health) = (writes.clone(), stats.clone(), told.health.clone());
            let database = path.clone();
            vec![start_thread("store-writer", &path, move || {
                writer::run(
                    connection, &database, &queue, log_copies, &stats, &health, &began,
                );
            })?]
        };
        begins
            .recv()
            .expect("the writer reports before it does anything else")
            .map_err(|cause| OpenStoreError::Database {
                path: path.clone(),
                cause,
            })?;
        let (readers, mut reading) = Readers::start(&path, connections, &told)?;
        let (searcher, searching) = Readers::start(&path, vec![searching], &told)?;
        reading.extend(searching);
        let is_due = lock.last_run().is_check_due();
        let report = Report::of(report);
        let stop = Arc::default();
        if is_due {
            reading.push(check::start(&path, checking, &report, &stop)?);
        }
        Ok(Self {
            durability,
            only_looks: false,
            writes,
            awaiting: Awaiting::default(),
            readers,
            searcher,
            stats,
            told,
            report,
            stop,
            threads: Mutex::new(Threads {
                reading,
                writing,
                lock: Some(lock),
                scratch,
            }),
        })
    }

    /// See [`SqliteStore::look`].
    pub(crate) fn only_looking(
        path: &Path,
        connections: Vec<rusqlite::Connection>,
        searching: rusqlite::Connection,
    ) -> Result<Self, OpenStoreError> {
        let told = Told {
            health: Arc::new(Health::of(path)),
            unreadable: Arc::default(),
        };
        let (readers, mut reading) = Readers::start(path, connections, &told)?;
        let (searcher, searching) = Readers::start(path, vec![searching], &told)?;
        reading.extend(searching);
        Ok(Self {
            durability: Self::LOOKED_AT,
            only_looks: true,
            writes: Self::no_writes(),
            awaiting: Awaiting::default(),
            readers,
            searcher,
            stats: Arc::new(Stats::of(path)),
            told,
            report: Report::of(OpenReport {
                path: path.to_owned(),
                ended_uncleanly: false,
                log_commits: 0,
                log_frames: 0,
                copied_to: None,
                check: FileCheck::NotNeeded,
                warnings: Vec::new(),
            }),
            stop: Arc::default(),
            threads: Mutex::new(Threads {
                reading,
                ..Threads::default()
            }),
        })
    }

    /// Runs a query of the application's on a connection that only reads; `attempted` names it in a fault.
    pub fn query<T: Send + 'static>(
        &self,
        attempted: String,
        query: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> StoreFuture<'static, T> {
        self.searcher.read(attempted, query)
    }

    /// The findings when it was opened, and of the check since.
    pub fn report(&self) -> OpenReport {
        self.report.read()
    }

    /// Hands a write over, in the call and not in the first poll; the future waits for the answer.
    fn write(
        &self,
        write: Write,
    ) -> impl Future<Output = Result<Written, CommitError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        let caller = self.awaiting.enter();
        let pushed = if self.only_looks {
            Err(look::refused(write.attempted()))
        } else {
            let pushed = self.writes.push(Job { write, answer });
            pushed.map_err(|(job, why)| refused(job.write.attempted(), why))
        };
        async move {
            pushed?;
            match caller.wait(answered).await {
                Ok(outcome) => outcome,
                Err(cause) => {
                    let fault = unanswered("write to the database", cause);
                    Err(fault.with_outcome_unknown().into())
                }
            }
        }
    }

    /// A write that nothing in the database can conflict with, and that comes to nothing but being done.
    fn do_write(&self, write: impl Into<Write>) -> StoreFuture<'static, ()> {
        let writing = self.write(write.into());
        Box::pin(async move { Written::done(writing).await.map(drop) })
    }

    /// A write that accepts an invocation.
    fn accept(&self, write: impl Into<Write>) -> StoreFuture<'static, AsyncInvocationId> {
        Box::pin(Written::accepted(self.write(write.into())))
    }

    /// Finishes the writes handed over, ends the threads and releases the files.
    fn shut(&self) {
        // Held while joining, so that a second close returns when the first one is done.
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        // The connection that closes last leaves one tidy file behind, and cannot if it only reads.
        self.readers.close();
        self.searcher.close();
        let is_check_due = self.report.read().check == FileCheck::Running;
        self.stop.store(true, Ordering::Relaxed);
        join_all(&mut threads.reading);
        self.writes.close();
        self.told.health.close();
        if let Some(lock) = &mut threads.lock {
            lock.say_closed(is_check_due, self.durability == Durability::Disk);
        }
        join_all(&mut threads.writing);
        threads.lock = None;
        threads.scratch = None;
    }
}

/// Makes a connection one that the application's code may write with.
fn share(connection: &mut rusqlite::Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "foreign_keys", true)?;
    within::guard(connection)
}

impl WriteWithin for SqliteStore {
    fn write_within(&self, within: Within) -> StoreFuture<'_, Done, CommitError> {
        let job = Arc::new(within::Job::new(within));
        let written = self.write(Write::Within(Arc::clone(&job)));
        Box::pin(async move {
            written.await?;
            Ok(job.done().expect("what was written has come to something"))
        })
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.shut();
    }
}

impl Store for SqliteStore {
    fn durability(&self) -> Durability {
        self.durability
    }

    fn stats(&self) -> StoreStats {
        StoreStats {
            failed_commits: self.told.health.failed_commits(),
            unreadable_rows: self.told.unreadable.count(),
            ..self.stats.read()
        }
    }

    fn health(&self) -> StoreHealth {
        if !self.only_looks && self.told.health.wants_probe() {
            // The next caller learns the outcome; a full queue tries others' writes.
            drop(self.write(StoreWrite::Probe.into()));
        }
        let report = self.report.read();
        let mut warnings: Vec<_> = report.warnings.iter().map(ToString::to_string).collect();
        let unreadable = self.told.unreadable.first().into_iter();
        warnings.extend(
            unreadable.map(|row| format!("left out of lists, because it cannot be decoded: {row}")),
        );
        StoreHealth {
            trouble: self.told.health.trouble(),
            warnings,
        }
    }

    /// Blocks the calling thread until the last commit is through: a few milliseconds, once.
    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.shut();
            Ok(())
        })
    }
}
