//! The store: hands writes to the writer and reads to the readers.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use engine::{Execution, Transition};
use model::{
    Event, ExecutionId, ExecutionName, FunctionName, OperationId, Owner, Timestamp, Version,
};
use store::{
    AliasRecord, AsyncInvocation, AsyncInvocationId, CallbackCursor, CommitError, DeadLetter,
    DeadLetterId, Durability, EventPage, ExecutionCount, ExecutionFilter, ExecutionHead,
    ExecutionRecord, ExecutionSearch, ExecutionSummary, FunctionSettingsRecord,
    FunctionVersionRecord, OpenCallback, OpenTimer, QueuedInvocation, RecentInput, ScheduleMark,
    SearchPage, SetAside, Store, StoreFault, StoreFuture, StoreHealth, StoreStats,
};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::check::Report;
use crate::checkpoint::Checkpoints;
use crate::fault::{refused, unanswered};
use crate::health::Health;
use crate::job::{Job, Write, Written};
use crate::lock::FileLock;
use crate::open::{Database, OpenStoreError};
use crate::queue::Queue;
use crate::reader::{READERS, Readers, Told};
use crate::report::OpenReport;
use crate::stats::Stats;
use crate::threads::{join_all, start_thread};
use crate::{check, read, schema, writer};

/// Durable executions in one SQLite file.
///
/// Works under any async runtime or none: its threads are its own. When the one that writes cannot go on,
/// the process ends with a message and exit status 70: what has begun is taken up by the next one, while
/// this one could only answer faults.
#[derive(Debug)]
pub struct SqliteStore {
    durability: Durability,
    writes: Arc<Queue<Job>>,
    readers: Readers,
    /// Reads for people, which may take long: they must not hold up those that executions wait for.
    searcher: Readers,
    stats: Arc<Stats>,
    told: Told,
    report: Report,
    /// Ends the check of the file.
    stop: Arc<AtomicBool>,
    threads: Mutex<Threads>,
}

/// What is taken apart by closing.
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
        if durability != Durability::Memory {
            return Self::start(path, durability, None);
        }
        let scratch = TempDir::with_prefix("lambdura-").map_err(|cause| OpenStoreError::File {
            path: std::env::temp_dir(),
            cause,
        })?;
        Self::start(
            &scratch.path().join("scratch.db"),
            durability,
            Some(scratch),
        )
    }

    fn start(
        path: &Path,
        durability: Durability,
        scratch: Option<TempDir>,
    ) -> Result<Self, OpenStoreError> {
        let mut database = Database::open(path, durability, schema::EXECUTIONS)?;
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
        let checkpoints = Checkpoints::start(&path, copying)?;
        let stats = Arc::new(Stats::of(&path));
        let writing = {
            let (queue, stats, health) = (writes.clone(), stats.clone(), told.health.clone());
            let database = path.clone();
            vec![start_thread("store-writer", &path, move || {
                writer::run(
                    connection,
                    &database,
                    &queue,
                    checkpoints,
                    &stats,
                    &health,
                    &began,
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
        let is_due = report.ended_uncleanly;
        let report = Report::of(report);
        let stop = Arc::default();
        if is_due {
            reading.push(check::start(&path, checking, &report, &stop)?);
        }
        Ok(Self {
            durability,
            writes,
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

    /// What was found when it was opened, and by the check since.
    pub fn report(&self) -> OpenReport {
        self.report.read()
    }

    /// Hands a write over, in the call and not in the first poll; the future waits for the answer.
    fn write(
        &self,
        write: Write,
    ) -> impl Future<Output = Result<Written, CommitError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        let pushed = self.writes.push(Job { write, answer });
        let pushed = pushed.map_err(|(job, why)| refused(job.write.attempted(), why));
        async move {
            pushed?;
            match answered.await {
                Ok(outcome) => outcome,
                Err(cause) => {
                    let fault = unanswered("write to the database", cause);
                    Err(fault.with_outcome_unknown().into())
                }
            }
        }
    }

    /// A write that nothing in the database can conflict with.
    fn write_plainly(
        &self,
        write: Write,
    ) -> impl Future<Output = Result<Written, StoreFault>> + Send + use<> {
        let written = self.write(write);
        async move {
            written.await.map_err(|error| match error {
                CommitError::Fault(fault) => fault,
                CommitError::VersionConflict(_) | CommitError::NameTaken(_) => {
                    unreachable!("only a transition can conflict")
                }
            })
        }
    }

    /// Finishes what was handed over, ends the threads and releases the files.
    fn shut(&self) {
        // Held while joining, so that a second close returns when the first one is done.
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        // The connection that closes last leaves one tidy file behind, and cannot if it only reads.
        self.readers.close();
        self.searcher.close();
        self.stop.store(true, Ordering::Relaxed);
        join_all(&mut threads.reading);
        self.writes.close();
        self.told.health.closed();
        if let Some(lock) = &mut threads.lock {
            lock.say_closed(self.durability == Durability::Disk);
        }
        join_all(&mut threads.writing);
        threads.lock = None;
        threads.scratch = None;
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

    fn commit(&self, transition: Arc<Transition>) -> StoreFuture<'_, Result<(), CommitError>> {
        let written = self.write(Write::Commit(transition));
        Box::pin(async move { written.await.map(drop) })
    }

    fn load(&self, id: &ExecutionId) -> StoreFuture<'_, Result<Option<Execution>, StoreFault>> {
        let attempted = format!("load execution `{id}`");
        let id = id.clone();
        self.readers
            .read(attempted, move |connection| read::load(connection, &id))
    }

    fn record(
        &self,
        id: &ExecutionId,
    ) -> StoreFuture<'_, Result<Option<ExecutionRecord>, StoreFault>> {
        let attempted = format!("read execution `{id}`");
        let id = id.clone();
        self.readers
            .read(attempted, move |connection| read::record(connection, &id))
    }

    fn head(&self, id: &ExecutionId) -> StoreFuture<'_, Result<Option<ExecutionHead>, StoreFault>> {
        let attempted = format!("read execution `{id}`");
        let id = id.clone();
        self.readers
            .read(attempted, move |connection| read::head(connection, &id))
    }

    fn head_by_name(
        &self,
        function: &FunctionName,
        name: &ExecutionName,
    ) -> StoreFuture<'_, Result<Option<ExecutionHead>, StoreFault>> {
        let attempted = format!("find execution `{name}` of function `{function}`");
        let (function, name) = (function.clone(), name.clone());
        self.readers.read(attempted, move |connection| {
            read::head_by_name(connection, &function, &name)
        })
    }

    fn list(
        &self,
        filter: ExecutionFilter,
    ) -> StoreFuture<'_, Result<Vec<ExecutionHead>, StoreFault>> {
        let attempted = "list executions".to_owned();
        self.readers
            .read(attempted, move |connection| read::list(connection, &filter))
    }

    fn events(
        &self,
        id: &ExecutionId,
        page: EventPage,
    ) -> StoreFuture<'_, Result<Vec<Event>, StoreFault>> {
        let attempted = format!("read events of execution `{id}`");
        let id = id.clone();
        self.readers.read(attempted, move |connection| {
            read::events(connection, &id, page)
        })
    }

    fn event_heads(
        &self,
        id: &ExecutionId,
        page: EventPage,
    ) -> StoreFuture<'_, Result<Vec<Event>, StoreFault>> {
        let attempted = format!("read events of execution `{id}`");
        let id = id.clone();
        self.searcher.read(attempted, move |connection| {
            read::event_heads(connection, &id, page)
        })
    }

    fn operation_events(
        &self,
        id: &ExecutionId,
        operation_id: &OperationId,
        page: EventPage,
    ) -> StoreFuture<'_, Result<Vec<Event>, StoreFault>> {
        let attempted = format!("read events of operation `{operation_id}` of execution `{id}`");
        let (id, operation_id) = (id.clone(), operation_id.clone());
        self.searcher.read(attempted, move |connection| {
            read::operation_events(connection, &id, &operation_id, page)
        })
    }

    fn search(&self, search: ExecutionSearch) -> StoreFuture<'_, Result<SearchPage, StoreFault>> {
        let attempted = "look for executions".to_owned();
        self.searcher.read(attempted, move |connection| {
            read::search(connection, &search)
        })
    }

    fn summary(
        &self,
        id: &ExecutionId,
    ) -> StoreFuture<'_, Result<Option<ExecutionSummary>, StoreFault>> {
        let attempted = format!("read execution `{id}`");
        let id = id.clone();
        self.searcher.read(attempted, move |connection| {
            read::summary_by_id(connection, &id)
        })
    }

    fn counts(&self) -> StoreFuture<'_, Result<Vec<ExecutionCount>, StoreFault>> {
        self.searcher
            .read("count executions".to_owned(), read::counts)
    }

    fn versions_needed(&self) -> StoreFuture<'_, Result<Vec<(FunctionName, Version)>, StoreFault>> {
        let attempted = "read which versions are needed".to_owned();
        self.searcher.read(attempted, read::versions_needed)
    }

    fn open_callbacks(
        &self,
        function: Option<FunctionName>,
        after: Option<CallbackCursor>,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<OpenCallback>, StoreFault>> {
        let attempted = "read open callbacks".to_owned();
        self.searcher.read(attempted, move |connection| {
            read::open_callbacks(connection, function.as_ref(), after, limit)
        })
    }

    fn open_timers(&self, limit: usize) -> StoreFuture<'_, Result<Vec<OpenTimer>, StoreFault>> {
        let attempted = "read what comes due".to_owned();
        self.searcher.read(attempted, move |connection| {
            read::open_timers(connection, limit)
        })
    }

    fn invocation_time(&self, id: &ExecutionId) -> StoreFuture<'_, Result<Duration, StoreFault>> {
        let attempted = format!("read the time of invocations of execution `{id}`");
        let id = id.clone();
        self.searcher.read(attempted, move |connection| {
            read::invocation_time(connection, &id)
        })
    }

    fn recent_inputs(
        &self,
        function: &FunctionName,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<RecentInput>, StoreFault>> {
        let attempted = format!("read recent inputs of function `{function}`");
        let function = function.clone();
        self.searcher.read(attempted, move |connection| {
            read::recent_inputs(connection, &function, limit)
        })
    }

    fn stats(&self) -> StoreStats {
        StoreStats {
            failed_commits: self.told.health.failed_commits(),
            unreadable_rows: self.told.unreadable.count(),
            ..self.stats.read()
        }
    }

    fn health(&self) -> StoreHealth {
        if self.told.health.wants_probe() {
            // Whoever asks next is told what came of it; a full queue tries others' writes.
            drop(self.write(Write::Probe));
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

    fn deadlines(
        &self,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<(Timestamp, ExecutionId)>, StoreFault>> {
        let attempted = "read the soonest deadlines".to_owned();
        self.readers.read(attempted, move |connection| {
            read::deadlines(connection, limit)
        })
    }

    fn waking_deadlines(
        &self,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<(Timestamp, ExecutionId)>, StoreFault>> {
        let attempted = "read the soonest deadlines".to_owned();
        self.readers.read(attempted, move |connection| {
            read::waking_deadlines(connection, limit)
        })
    }

    fn owing_work(&self, owner: Owner) -> StoreFuture<'_, Result<Vec<ExecutionId>, StoreFault>> {
        let attempted = "read which executions owe work".to_owned();
        self.readers.read(attempted, move |connection| {
            read::owing_work(connection, owner)
        })
    }

    fn set_aside(&self, record: SetAside) -> StoreFuture<'_, Result<(), StoreFault>> {
        let written = self.write_plainly(Write::SetAside(Box::new(record)));
        Box::pin(async move { written.await.map(drop) })
    }

    fn take_back(&self, id: &ExecutionId) -> StoreFuture<'_, Result<(), StoreFault>> {
        let written = self.write_plainly(Write::TakeBack(id.clone()));
        Box::pin(async move { written.await.map(drop) })
    }

    fn executions_set_aside(&self) -> StoreFuture<'_, Result<Vec<SetAside>, StoreFault>> {
        let attempted = "read which executions are set aside".to_owned();
        self.readers.read(attempted, read::set_aside)
    }

    fn enqueue(
        &self,
        invocation: AsyncInvocation,
    ) -> StoreFuture<'_, Result<AsyncInvocationId, StoreFault>> {
        let written = self.write_plainly(Write::Enqueue(invocation));
        Box::pin(async move {
            match written.await? {
                Written::Enqueued(id) => Ok(id),
                Written::Done => unreachable!("an accepted invocation has an id"),
            }
        })
    }

    fn enqueue_scheduled(
        &self,
        invocation: AsyncInvocation,
        mark: ScheduleMark,
    ) -> StoreFuture<'_, Result<AsyncInvocationId, StoreFault>> {
        let written = self.write_plainly(Write::EnqueueScheduled(invocation, mark));
        Box::pin(async move {
            match written.await? {
                Written::Enqueued(id) => Ok(id),
                Written::Done => unreachable!("an accepted invocation has an id"),
            }
        })
    }

    fn put_schedule_mark(&self, mark: ScheduleMark) -> StoreFuture<'_, Result<(), StoreFault>> {
        let written = self.write_plainly(Write::PutScheduleMark(mark));
        Box::pin(async move { written.await.map(drop) })
    }

    fn delete_schedule_mark(&self, schedule: &str) -> StoreFuture<'_, Result<(), StoreFault>> {
        let written = self.write_plainly(Write::DeleteScheduleMark(schedule.to_owned()));
        Box::pin(async move { written.await.map(drop) })
    }

    fn schedule_marks(&self) -> StoreFuture<'_, Result<Vec<ScheduleMark>, StoreFault>> {
        let attempted = "read how far schedules have come".to_owned();
        self.readers.read(attempted, read::schedule_marks)
    }

    fn postpone(
        &self,
        id: AsyncInvocationId,
        attempts: u32,
        not_before: Timestamp,
    ) -> StoreFuture<'_, Result<(), StoreFault>> {
        let written = self.write_plainly(Write::Postpone {
            id,
            attempts,
            not_before,
        });
        Box::pin(async move { written.await.map(drop) })
    }

    fn dequeue(&self, id: AsyncInvocationId) -> StoreFuture<'_, Result<(), StoreFault>> {
        let written = self.write_plainly(Write::Dequeue(id));
        Box::pin(async move { written.await.map(drop) })
    }

    fn bury(
        &self,
        id: AsyncInvocationId,
        letter: DeadLetter,
    ) -> StoreFuture<'_, Result<(), StoreFault>> {
        let written = self.write_plainly(Write::Bury(id, Box::new(letter)));
        Box::pin(async move { written.await.map(drop) })
    }

    fn dead_letters(
        &self,
        before: Option<DeadLetterId>,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<(DeadLetterId, DeadLetter)>, StoreFault>> {
        let attempted = "read dead letters".to_owned();
        self.readers.read(attempted, move |connection| {
            read::dead_letters(connection, before, limit)
        })
    }

    fn dead_letter_count(&self) -> StoreFuture<'_, Result<u64, StoreFault>> {
        let attempted = "count dead letters".to_owned();
        self.searcher.read(attempted, read::dead_letter_count)
    }

    fn queued(
        &self,
        after: Option<AsyncInvocationId>,
        limit: usize,
    ) -> StoreFuture<'_, Result<Vec<QueuedInvocation>, StoreFault>> {
        let attempted = "read accepted asynchronous invocations".to_owned();
        self.readers.read(attempted, move |connection| {
            read::queued(connection, after, limit)
        })
    }

    fn queued_invocation(
        &self,
        id: AsyncInvocationId,
    ) -> StoreFuture<'_, Result<Option<AsyncInvocation>, StoreFault>> {
        let attempted = format!("read asynchronous invocation {}", id.0);
        self.readers.read(attempted, move |connection| {
            read::queued_invocation(connection, id)
        })
    }

    fn put_function_version(
        &self,
        record: FunctionVersionRecord,
    ) -> StoreFuture<'_, Result<(), StoreFault>> {
        let written = self.write_plainly(Write::PutFunctionVersion(record));
        Box::pin(async move { written.await.map(drop) })
    }

    fn function_versions(&self) -> StoreFuture<'_, Result<Vec<FunctionVersionRecord>, StoreFault>> {
        let attempted = "read the versions of all functions".to_owned();
        self.readers.read(attempted, read::function_versions)
    }

    fn put_alias(&self, record: AliasRecord) -> StoreFuture<'_, Result<(), StoreFault>> {
        let written = self.write_plainly(Write::PutAlias(record));
        Box::pin(async move { written.await.map(drop) })
    }

    fn aliases(&self) -> StoreFuture<'_, Result<Vec<AliasRecord>, StoreFault>> {
        let attempted = "read the aliases of all functions".to_owned();
        self.readers.read(attempted, read::aliases)
    }

    fn put_function_settings(
        &self,
        record: FunctionSettingsRecord,
    ) -> StoreFuture<'_, Result<(), StoreFault>> {
        let written = self.write_plainly(Write::PutFunctionSettings(record));
        Box::pin(async move { written.await.map(drop) })
    }

    fn function_settings(
        &self,
    ) -> StoreFuture<'_, Result<Vec<FunctionSettingsRecord>, StoreFault>> {
        let attempted = "read the settings of all functions".to_owned();
        self.readers.read(attempted, read::function_settings)
    }

    fn delete_function_version(
        &self,
        function: &FunctionName,
        version: &Version,
    ) -> StoreFuture<'_, Result<(), StoreFault>> {
        let write = Write::DeleteFunctionVersion(function.clone(), version.clone());
        let written = self.write_plainly(write);
        Box::pin(async move { written.await.map(drop) })
    }

    fn delete_alias(
        &self,
        function: &FunctionName,
        name: &str,
    ) -> StoreFuture<'_, Result<(), StoreFault>> {
        let written = self.write_plainly(Write::DeleteAlias(function.clone(), name.to_owned()));
        Box::pin(async move { written.await.map(drop) })
    }

    fn delete_function(&self, function: &FunctionName) -> StoreFuture<'_, Result<(), StoreFault>> {
        let written = self.write_plainly(Write::DeleteFunction(function.clone()));
        Box::pin(async move { written.await.map(drop) })
    }

    /// Blocks the calling thread until the last commit is through: a few milliseconds, once.
    fn close(&self) -> StoreFuture<'_, Result<(), StoreFault>> {
        Box::pin(async move {
            self.shut();
            Ok(())
        })
    }
}
