//! The one thread that writes: group commit.
//!
//! It takes all waiting writes, writes them in one transaction, and answers them all after the one fsync of its commit,
//! while the next batch gathers. A transition is fenced before any of it is written, so a rejected one needs no
//! rollback. A database error or a panic needs one: then each write is tried alone, so that one poisoned write does not
//! fail its neighbours.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use store::{CommitError, StoreWrite, Written};

use crate::fault::{Failure, panic_message};
use crate::health::Health;
use crate::job::{Job, Write};
use crate::landed::landed;
use crate::log_copy::LogCopies;
use crate::queue::Queue;
use crate::refusal::Refusal;
use crate::stats::Stats;
use crate::threads::end_process;
use crate::write::{Known, Statements};

/// Writes that may wait. More than any server has requests in flight, so that a full queue means a
/// database that has stopped, and callers should be told instead of piling up.
pub(crate) const QUEUE_CAPACITY: usize = 16_384;

/// Writes in one transaction: enough to saturate any disk, few enough that the first of them does
/// not wait long for the last.
const BATCH_WRITES_MAX: usize = 1_024;

/// Bytes in one transaction, about: the page cache holds them without spilling.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How long the writer stays awake after a batch. A caller just answered is back with the next write within this, and a
/// thread that sleeps is woken late, by as much as a commit takes without its sync. Measured at one caller: a
/// checkpoint in 0.27 ms instead of 0.32. It yields to threads that have work.
const AWAKE: Duration = Duration::from_micros(250);

/// Commits that fail one after the other, each of a write alone, before the writes behind them are not tried any more:
/// the disk is the cause then, and each try may take long.
const COMMITS_TRIED_IN_VAIN_MAX: usize = 8;

/// Runs until the queue is closed and empty. Reports once whether it could begin. When the thread cannot
/// go on, nor does the process.
pub(crate) fn run(
    mut connection: Connection,
    path: &Path,
    queue: &Queue<Job>,
    log_copies: LogCopies,
    stats: &Stats,
    health: &Health,
    began: &mpsc::SyncSender<rusqlite::Result<()>>,
) {
    let _guard = queue.close_on_drop();
    let prepared = LogCopies::take_over(&mut connection);
    let statements = match prepared.and_then(|()| Statements::prepare(&connection)) {
        Ok(statements) => statements,
        Err(error) => {
            // The receiver is gone only when opening was given up, and then the error is not needed.
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
        log_copies,
        stats,
        health,
    };
    if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| writer.run())) {
        let why = panic_message(panic.as_ref());
        health.writer_ended(why.clone());
        end_process(path, &why);
    }
}

struct Writer<'c> {
    connection: &'c Connection,
    statements: Statements<'c>,
    known: Known,
    queue: &'c Queue<Job>,
    log_copies: LogCopies,
    stats: &'c Stats,
    health: &'c Health,
}

/// The outcome of a write in a transaction.
pub(crate) type Outcome = Result<Written, CommitError>;

/// A transaction that came to nothing, or whose commit failed.
struct Failed {
    why: Failure,
    stage: Stage,
}

impl Failed {
    /// Whether code of the application's, alone in the transaction, is why; it has taken note of it.
    fn is_of_the_application(&self, jobs: &[Job]) -> bool {
        let [job] = jobs else { return false };
        let Write::Within(within) = &job.write else {
            return false;
        };
        match &self.stage {
            Stage::Begin => false,
            Stage::Write => within.is_to_blame(&self.why, false),
            Stage::Commit(_) => within.is_to_blame(&self.why, true),
        }
    }
}

enum Stage {
    /// No write was tried.
    Begin,
    Write,
    /// It may be there: its writes came to these outcomes.
    Commit(Vec<Outcome>),
}

/// The state of a transaction whose commit failed.
enum Settled {
    Landed(Vec<Outcome>),
    NotThere,
    Unknown,
}

impl Writer<'_> {
    fn run(mut self) {
        let mut batch = Vec::new();
        while self.take_batch(&mut batch) {
            self.write_batch(&mut batch);
            self.log_copies.after_batch(self.connection);
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

    /// Writes and answers all of it.
    fn write_batch(&mut self, batch: &mut Vec<Job>) {
        match self.transact(batch) {
            Ok(outcomes) => self.acknowledge(batch.drain(..), outcomes),
            Err(failed) => self.settle(batch, failed),
        }
    }

    /// Writes all of it in one transaction, or nothing.
    fn transact(&mut self, jobs: &[Job]) -> Result<Vec<Outcome>, Failed> {
        let mut result = self.try_transact(jobs);
        match &result {
            Ok(_) => self.health.commit_succeeded(),
            Err(failed) => {
                let why = &failed.why;
                let is_own = failed.is_of_the_application(jobs);
                if is_own {
                    tracing::debug!(error = %why, "a transaction was undone by what the application wrote");
                } else {
                    tracing::warn!(writes = jobs.len(), error = %why, "a transaction failed");
                }
                if why.is_of_the_world() && !is_own {
                    self.health.commit_failed(why.to_string());
                }
                self.known.forget_all();
                if !self.connection.is_autocommit()
                    && let Err(error) = self.connection.execute_batch("ROLLBACK")
                {
                    // The next BEGIN fails too then, and every call says why.
                    tracing::error!(%error, "a failed transaction could not be rolled back");
                }
                if is_own {
                    result = Ok(vec![Ok(Written::Done)]);
                }
            }
        }
        result
    }

    fn try_transact(&mut self, jobs: &[Job]) -> Result<Vec<Outcome>, Failed> {
        let at_begin = |why| Failed {
            why,
            stage: Stage::Begin,
        };
        let missed = self.health.check_missed_files();
        missed.map_err(|trouble| at_begin(Failure::Trouble(trouble)))?;
        let begun = self.connection.execute_batch("BEGIN IMMEDIATE");
        begun.map_err(|error| at_begin(error.into()))?;
        let mut outcomes = Vec::with_capacity(jobs.len());
        for job in jobs {
            let outcome = self.write_guarded(&job.write).map_err(|why| Failed {
                why,
                stage: Stage::Write,
            })?;
            outcomes.push(outcome.map_err(CommitError::from));
        }
        let started = Instant::now();
        let committed = self.connection.execute_batch("COMMIT");
        // Also when it failed: it may be there all the same.
        if jobs.iter().any(|job| job.write.changes_catalogue()) {
            self.stats.catalogue_changed();
        }
        if jobs.iter().any(|job| job.write.changes_access_keys()) {
            self.stats.access_keys_changed();
        }
        match committed {
            Ok(()) => {
                self.stats.committed(jobs.len(), started.elapsed());
                Ok(outcomes)
            }
            Err(error) => Err(Failed {
                why: error.into(),
                stage: Stage::Commit(outcomes),
            }),
        }
    }

    /// A panic is an error of this write alone.
    fn write_guarded(&mut self, write: &Write) -> Result<Result<Written, Refusal>, Failure> {
        // Its half-done changes go with the transaction and with the writer's memory.
        match panic::catch_unwind(AssertUnwindSafe(|| self.write(write))) {
            Ok(written) => written.map_err(Failure::from),
            Err(panic) => Err(Failure::of_panic(panic.as_ref())),
        }
    }

    fn write(&mut self, write: &Write) -> rusqlite::Result<Result<Written, Refusal>> {
        let Self {
            connection,
            statements,
            known,
            queue: _,
            log_copies: _,
            stats: _,
            health: _,
        } = self;
        let done = |result: Result<(), Refusal>| result.map(|()| Written::Done);
        let write = match write {
            Write::Store(write) => write,
            Write::CreateAccessKey(record) => {
                return statements.create_access_key(record).map(done);
            }
            Write::ReplaceAccessKey(record) => {
                return statements.replace_access_key(record).map(done);
            }
            Write::DeleteAccessKey(id) => {
                return statements.delete_access_key(id).map(|()| Ok(Written::Done));
            }
            Write::PutStack(record, seen) => return statements.put_stack(record, *seen).map(done),
            Write::DeleteStack(name, seen) => {
                return statements.delete_stack(name, *seen).map(done);
            }
            Write::AppendAudit(records) => {
                return statements.append_audit(records).map(|()| Ok(Written::Done));
            }
            Write::TrimAudit(kind, until) => {
                let trimmed = statements.trim_audit(*kind, until);
                return trimmed.map(|()| Ok(Written::Done));
            }
            Write::Within(job) => return job.write(connection, statements, known),
        };
        match write {
            StoreWrite::Commit(transition) => {
                statements.commit(connection, known, transition).map(done)
            }
            StoreWrite::Enqueue(invocation) => statements
                .enqueue(connection, invocation)
                .map(|id| Ok(Written::Enqueued(id))),
            StoreWrite::EnqueueScheduled(invocation, mark) => {
                statements.put_schedule_mark(mark)?;
                statements
                    .enqueue(connection, invocation)
                    .map(|id| Ok(Written::Enqueued(id)))
            }
            StoreWrite::PutScheduleMark(mark) => statements
                .put_schedule_mark(mark)
                .map(|()| Ok(Written::Done)),
            StoreWrite::DeleteScheduleMark(schedule) => statements
                .delete_schedule_mark(schedule)
                .map(|()| Ok(Written::Done)),
            StoreWrite::Postpone {
                id,
                attempts,
                not_before,
            } => statements
                .postpone(*id, *attempts, *not_before)
                .map(|()| Ok(Written::Done)),
            StoreWrite::Dequeue(id) => statements.dequeue(*id).map(|()| Ok(Written::Done)),
            StoreWrite::PutFunctionVersion(record) => {
                statements.put_function_version(record).map(done)
            }
            StoreWrite::ReplaceFunctionVersion(record) => {
                statements.replace_version(record).map(done)
            }
            StoreWrite::PutAlias(record) => {
                statements.put_alias(record).map(|()| Ok(Written::Done))
            }
            StoreWrite::Bury(id, letter) => statements
                .bury(connection, *id, letter)
                .map(|()| Ok(Written::Done)),
            StoreWrite::PutFunctionSettings(record) => statements
                .put_function_settings(record)
                .map(|()| Ok(Written::Done)),
            StoreWrite::SetAside(record) => {
                statements.set_aside(record).map(|()| Ok(Written::Done))
            }
            StoreWrite::TakeBack(id) => statements.take_back(id).map(|()| Ok(Written::Done)),
            StoreWrite::DeleteFunctionVersion(function, version) => statements
                .delete_function_version(function, version)
                .map(|()| Ok(Written::Done)),
            StoreWrite::DeleteAlias(function, name) => statements
                .delete_alias(function, name)
                .map(|()| Ok(Written::Done)),
            StoreWrite::DeleteFunction(function) => statements
                .delete_function(function)
                .map(|()| Ok(Written::Done)),
            StoreWrite::Probe => touch(connection).map(|()| Ok(Written::Done)),
        }
    }

    /// Answers a committed transaction, unless it went into a file that is no longer in its place.
    fn acknowledge(&self, jobs: impl IntoIterator<Item = Job>, outcomes: Vec<Outcome>) {
        match self.health.check_files_now_and_then() {
            Ok(()) => answer(jobs, outcomes),
            Err(trouble) => {
                tracing::error!(%trouble, "a transaction was committed in vain");
                let why = Failure::Trouble(trouble);
                for job in jobs {
                    // A folder that was moved away may come back.
                    fail(job, &why, true);
                }
            }
        }
    }

    /// After a failed transaction: each of its writes in a transaction of its own, in order, so that only those fail
    /// that cannot be written.
    fn settle(&mut self, batch: &mut Vec<Job>, failed: Failed) {
        let Failed { why, stage } = failed;
        let is_alone = batch.len() == 1;
        match stage {
            // None of them was tried, and the obstacle is the same for each.
            Stage::Begin => batch.drain(..).for_each(|job| fail(job, &why, false)),
            Stage::Write if is_alone => batch.drain(..).for_each(|job| fail(job, &why, false)),
            Stage::Write => self.write_one_by_one(batch),
            // One of them is to be found out.
            Stage::Commit(_) if why.is_violated_foreign_key() => self.write_one_by_one(batch),
            Stage::Commit(outcomes) => match self.look(batch, outcomes) {
                Settled::Landed(outcomes) => self.acknowledge(batch.drain(..), outcomes),
                Settled::Unknown => batch.drain(..).for_each(|job| fail(job, &why, true)),
                Settled::NotThere if is_alone => {
                    let jobs = batch.drain(..).map(|job| (job, why.clone())).collect();
                    self.answer_failed(jobs);
                }
                Settled::NotThere => self.write_one_by_one(batch),
            },
        }
    }

    fn write_one_by_one(&mut self, batch: &mut Vec<Job>) {
        let mut doubtful = Vec::new();
        let mut in_vain = 0;
        let mut jobs = batch.drain(..);
        let mut in_the_way = None;
        for job in jobs.by_ref() {
            let failed = match self.transact(std::slice::from_ref(&job)) {
                Ok(outcomes) => {
                    in_vain = 0;
                    self.acknowledge([job], outcomes);
                    continue;
                }
                Err(failed) => failed,
            };
            match failed.stage {
                Stage::Begin => {
                    fail(job, &failed.why, false);
                    in_the_way = Some(failed.why);
                }
                Stage::Write => fail(job, &failed.why, false),
                Stage::Commit(outcomes) => {
                    match self.look(std::slice::from_ref(&job), outcomes) {
                        Settled::Landed(outcomes) => {
                            self.acknowledge([job], outcomes);
                            continue;
                        }
                        Settled::Unknown => fail(job, &failed.why, true),
                        Settled::NotThere => doubtful.push((job, failed.why.clone())),
                    }
                    in_vain += 1;
                    if in_vain >= COMMITS_TRIED_IN_VAIN_MAX {
                        in_the_way = Some(failed.why);
                    }
                }
            }
            if in_the_way.is_some() {
                break;
            }
        }
        if let Some(why) = in_the_way {
            jobs.for_each(|job| fail(job, &why, false));
        }
        self.answer_failed(doubtful);
    }

    /// Answers writes whose transactions failed and are not there. The log may hold such a one all the
    /// same, whole but not counted, until the next one is written over it: a crash would bring it to
    /// life. So one that changes nothing is written over it first.
    fn answer_failed(&self, jobs: Vec<(Job, Failure)>) {
        let mut is_written_over = None;
        for (job, why) in jobs {
            // Its last frame, which makes it one, found no room.
            let is_sure = why.is_for_want_of_room()
                || *is_written_over.get_or_insert_with(|| self.write_over());
            fail(job, &why, !is_sure);
        }
    }

    fn write_over(&self) -> bool {
        let written = touch(self.connection);
        if let Err(error) = &written {
            tracing::warn!(%error, "what became of a failed transaction is not known");
        }
        written.is_ok()
    }

    /// Whether a transaction is there although its commit failed.
    fn look(&self, jobs: &[Job], outcomes: Vec<Outcome>) -> Settled {
        match landed(self.connection, jobs, &outcomes) {
            Ok(Some(true)) => Settled::Landed(outcomes),
            // The application's own writes leave no trace that is known here, and may not be done twice.
            Ok(None) if jobs.iter().any(|job| matches!(job.write, Write::Within(_))) => {
                Settled::Unknown
            }
            Ok(Some(false) | None) => Settled::NotThere,
            Err(error) => {
                tracing::warn!(%error, "what became of a failed transaction cannot be read");
                Settled::Unknown
            }
        }
    }
}

/// Writes the first page as it is. Within a transaction or as one of its own.
fn touch(connection: &Connection) -> rusqlite::Result<()> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    connection.pragma_update(None, "user_version", version)
}

fn answer(jobs: impl IntoIterator<Item = Job>, outcomes: Vec<Outcome>) {
    for (job, outcome) in jobs.into_iter().zip(outcomes) {
        send(job, outcome);
    }
}

fn fail(job: Job, why: &Failure, outcome_unknown: bool) {
    let fault = why.fault(job.write.attempted());
    let fault = if outcome_unknown {
        fault.with_outcome_unknown()
    } else {
        fault
    };
    send(job, Err(CommitError::Fault(fault)));
}

fn send(job: Job, outcome: Outcome) {
    // A caller who no longer waits gets no answer: the write is done all the same.
    let _ = job.answer.send(outcome);
}

#[cfg(test)]
mod tests;
