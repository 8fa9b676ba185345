//! The one thread that writes: group commit.
//!
//! It takes whatever waits, writes it in one transaction, and answers everybody after the one fsync
//! of its commit; meanwhile the next batch gathers. A transition is fenced before anything of it is
//! written, so that a refused one needs no rollback. A database error does: then the batch is
//! written again one by one, so that one poisoned write does not fail its neighbours.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use store::CommitError;

use crate::checkpoint::Checkpoints;
use crate::fault::fault;
use crate::job::{Job, Refusal, Write, Written};
use crate::queue::Queue;
use crate::stats::Stats;
use crate::write::{Known, Statements};

/// Writes that may wait. More than any server has requests in flight, so that a full queue means a
/// database that has stopped, and callers should be told instead of piling up.
pub(crate) const QUEUE_CAPACITY: usize = 16_384;

/// Writes in one transaction: enough to saturate any disk, few enough that the first of them does
/// not wait long for the last.
const BATCH_WRITES_MAX: usize = 1_024;

/// Bytes in one transaction, about: the page cache holds them without spilling.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How long the writer stays awake after a batch. Who was just answered is back with the next write
/// within this, and a thread that sleeps is woken late, by as much as a commit takes without its sync.
/// Measured at one caller: a checkpoint in 0.27 ms instead of 0.32. It yields to whoever has work.
const AWAKE: Duration = Duration::from_micros(250);

/// Runs until the queue is closed and empty. Reports once whether it could begin.
pub(crate) fn run(
    mut connection: Connection,
    queue: &Queue<Job>,
    checkpoints: Checkpoints,
    stats: &Stats,
    began: &mpsc::SyncSender<rusqlite::Result<()>>,
) {
    let _guard = queue.close_on_drop();
    let prepared = Checkpoints::take_over(&mut connection);
    let statements = match prepared.and_then(|()| Statements::prepare(&connection)) {
        Ok(statements) => statements,
        Err(error) => {
            // Nobody listens only when opening was given up, and then nobody needs to know.
            let _ = began.send(Err(error));
            return;
        }
    };
    let _ = began.send(Ok(()));
    let writer = Writer {
        connection: &connection,
        statements,
        known: Known::default(),
        queue,
        checkpoints,
        stats,
    };
    writer.run();
}

struct Writer<'c> {
    connection: &'c Connection,
    statements: Statements<'c>,
    known: Known,
    queue: &'c Queue<Job>,
    checkpoints: Checkpoints,
    stats: &'c Stats,
}

type Outcome = Result<Written, CommitError>;

impl Writer<'_> {
    fn run(mut self) {
        let mut batch = Vec::new();
        while self.take_batch(&mut batch) {
            match self.transact(&batch) {
                Ok(outcomes) => answer(batch.drain(..), outcomes),
                Err(error) => self.write_one_by_one(&mut batch, error),
            }
            self.checkpoints.after_batch(self.connection);
            self.queue.linger(AWAKE);
        }
    }

    fn take_batch(&self, batch: &mut Vec<Job>) -> bool {
        let mut writes = 0;
        let mut bytes = 0;
        self.queue.take_batch(batch, |job| {
            writes += 1;
            bytes += job.write.weight();
            writes <= BATCH_WRITES_MAX && bytes <= BATCH_BYTES_MAX
        })
    }

    /// Writes all of it in one transaction, or nothing.
    fn transact(&mut self, jobs: &[Job]) -> rusqlite::Result<Vec<Outcome>> {
        let result = self.try_transact(jobs);
        if let Err(error) = &result {
            tracing::warn!(writes = jobs.len(), %error, "a transaction failed");
            self.known.forget_all();
            if !self.connection.is_autocommit()
                && let Err(error) = self.connection.execute_batch("ROLLBACK")
            {
                // The next BEGIN fails too then, and every call says why.
                tracing::error!(%error, "a failed transaction could not be rolled back");
            }
        }
        result
    }

    fn try_transact(&mut self, jobs: &[Job]) -> rusqlite::Result<Vec<Outcome>> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let mut outcomes = Vec::with_capacity(jobs.len());
        for job in jobs {
            let outcome = self.write(&job.write)?;
            outcomes.push(outcome.map_err(CommitError::from));
        }
        let started = Instant::now();
        self.connection.execute_batch("COMMIT")?;
        self.stats.committed(jobs.len(), started.elapsed());
        Ok(outcomes)
    }

    fn write(&mut self, write: &Write) -> rusqlite::Result<Result<Written, Refusal>> {
        let Self {
            connection,
            statements,
            known,
            queue: _,
            checkpoints: _,
            stats: _,
        } = self;
        let done = |result: Result<(), Refusal>| result.map(|()| Written::Done);
        match write {
            Write::Commit(transition) => statements.commit(connection, known, transition).map(done),
            Write::Enqueue(invocation) => statements
                .enqueue(connection, invocation)
                .map(|id| Ok(Written::Enqueued(id))),
            Write::EnqueueScheduled(invocation, mark) => {
                statements.put_schedule_mark(mark)?;
                statements
                    .enqueue(connection, invocation)
                    .map(|id| Ok(Written::Enqueued(id)))
            }
            Write::PutScheduleMark(mark) => statements
                .put_schedule_mark(mark)
                .map(|()| Ok(Written::Done)),
            Write::DeleteScheduleMark(schedule) => statements
                .delete_schedule_mark(schedule)
                .map(|()| Ok(Written::Done)),
            Write::Postpone {
                id,
                attempts,
                not_before,
            } => statements
                .postpone(*id, *attempts, *not_before)
                .map(|()| Ok(Written::Done)),
            Write::Dequeue(id) => statements.dequeue(*id).map(|()| Ok(Written::Done)),
            Write::PutFunctionVersion(record) => statements.put_function_version(record).map(done),
            Write::PutAlias(record) => statements.put_alias(record).map(|()| Ok(Written::Done)),
            Write::Bury(id, letter) => statements
                .bury(connection, *id, letter)
                .map(|()| Ok(Written::Done)),
            Write::PutFunctionSettings(record) => statements
                .put_function_settings(record)
                .map(|()| Ok(Written::Done)),
            Write::DeleteFunctionVersion(function, version) => statements
                .delete_function_version(function, version)
                .map(|()| Ok(Written::Done)),
            Write::DeleteAlias(function, name) => statements
                .delete_alias(function, name)
                .map(|()| Ok(Written::Done)),
            Write::DeleteFunction(function) => statements
                .delete_function(function)
                .map(|()| Ok(Written::Done)),
        }
    }

    /// After a failed batch: each write in a transaction of its own, in order. The first that fails
    /// takes with it everything that was handed over after it, because a caller who does not wait
    /// may count on the order: no later write survives without the earlier one.
    fn write_one_by_one(&mut self, batch: &mut Vec<Job>, error: rusqlite::Error) {
        let alone = batch.len() == 1;
        let mut jobs = batch.drain(..);
        let mut failed = None;
        if alone {
            failed = jobs.next().map(|job| (job, error));
        } else {
            for job in jobs.by_ref() {
                match self.transact(std::slice::from_ref(&job)) {
                    Ok(outcomes) => answer([job], outcomes),
                    Err(error) => {
                        failed = Some((job, error));
                        break;
                    }
                }
            }
        }
        let Some((job, error)) = failed else { return };
        let error = Arc::new(error);
        let waiting = self.queue.drain();
        for job in std::iter::once(job).chain(jobs).chain(waiting) {
            let fault = fault(job.write.attempted(), &error);
            send(job, Err(CommitError::Fault(fault)));
        }
    }
}

fn answer(jobs: impl IntoIterator<Item = Job>, outcomes: Vec<Outcome>) {
    for (job, outcome) in jobs.into_iter().zip(outcomes) {
        send(job, outcome);
    }
}

fn send(job: Job, outcome: Outcome) {
    // A caller who no longer waits has nothing to be told: what was handed over is done.
    let _ = job.answer.send(outcome);
}
