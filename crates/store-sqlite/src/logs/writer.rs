//! The thread that writes logs and traces, and cuts them at their old end.

use std::collections::VecDeque;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;

use rusqlite::{Connection, Statement};
use store::columns::{Code, version_text};
use store::{LogLine, Segment, StoreFault};
use tokio::sync::oneshot;

use super::intake::{Entry, Intake};
use crate::cells::Parameters;
use crate::fault::Failure;

/// Entries in one transaction; a reader that waits for all of them waits this long at the most.
const BATCH_ENTRIES_MAX: usize = 4_096;

/// Transactions between two looks at the size of the file.
const TRANSACTIONS_PER_LOOK: u32 = 64;

/// Runs until the intake is closed and empty. Reports once whether it could begin.
pub(super) fn run(
    connection: Connection,
    intake: &Intake,
    bytes_max: u64,
    began: &mpsc::SyncSender<rusqlite::Result<()>>,
) {
    let _guard = CloseOnDrop(intake);
    let writer = match LogWriter::prepare(&connection, bytes_max) {
        Ok(writer) => writer,
        Err(error) => {
            let _ = began.send(Err(error));
            return;
        }
    };
    let _ = began.send(Ok(()));
    writer.run(intake);
}

/// No caller may wait for a writer that is gone, also when it panicked.
struct CloseOnDrop<'a>(&'a Intake);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.close();
        drop(self.0.take());
    }
}

struct LogWriter<'c> {
    connection: &'c Connection,
    insert_line: Statement<'c>,
    insert_segment: Statement<'c>,
    bytes_max: u64,
    transactions: u32,
}

impl<'c> LogWriter<'c> {
    fn prepare(connection: &'c Connection, bytes_max: u64) -> rusqlite::Result<Self> {
        Ok(Self {
            connection,
            insert_line: connection.prepare(include_str!("../sql/logs/insert_line.sql"))?,
            insert_segment: connection.prepare(include_str!("../sql/logs/insert_segment.sql"))?,
            bytes_max,
            transactions: 0,
        })
    }

    fn run(mut self, intake: &Intake) {
        while let Some(mut entries) = intake.take() {
            while !entries.is_empty() {
                let count = entries.len().min(BATCH_ENTRIES_MAX);
                let rest = entries.split_off(count);
                self.write_batch(std::mem::replace(&mut entries, rest));
            }
        }
    }

    fn write_batch(&mut self, entries: VecDeque<Entry>) {
        let mut flushes = Vec::new();
        let mut records = Vec::with_capacity(entries.len());
        for entry in entries {
            match entry {
                Entry::Flush(answer) => flushes.push(answer),
                Entry::Line(_) | Entry::Segment(_) => records.push(entry),
            }
        }
        // The transaction ends as it is dropped, and the next batch is another one.
        let guarded = panic::catch_unwind(AssertUnwindSafe(|| self.transact(&records)));
        let written = match guarded {
            Ok(written) => written.map_err(Failure::from),
            Err(panic) => Err(Failure::of_panic(panic.as_ref())),
        };
        if let Err(error) = &written {
            tracing::warn!(records = records.len(), %error, "logs and traces were lost");
        }
        answer(flushes, written);
    }

    fn transact(&mut self, records: &[Entry]) -> rusqlite::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let transaction = self.connection.unchecked_transaction()?;
        for record in records {
            match record {
                Entry::Line(line) => insert_line(&mut self.insert_line, line)?,
                Entry::Segment(segment) => insert_segment(&mut self.insert_segment, segment)?,
                Entry::Flush(_) => {}
            }
        }
        self.transactions += 1;
        if self.transactions.is_multiple_of(TRANSACTIONS_PER_LOOK) {
            self.trim()?;
        }
        transaction.commit()
    }

    /// Forgets the oldest tenth while the file's pages in use exceed the bound.
    fn trim(&self) -> rusqlite::Result<()> {
        /// A tenth is never too little for long; the loop is bounded all the same.
        const ROUNDS_MAX: usize = 30;
        for _ in 0..ROUNDS_MAX {
            if self.bytes_used()? <= self.bytes_max {
                break;
            }
            self.connection
                .execute(include_str!("../sql/logs/trim_lines.sql"), [])?;
            self.connection
                .execute(include_str!("../sql/logs/trim_segments.sql"), [])?;
        }
        Ok(())
    }

    fn bytes_used(&self) -> rusqlite::Result<u64> {
        let pragma = |name: &str| -> rusqlite::Result<u64> {
            self.connection
                .pragma_query_value(None, name, |row| row.get(0))
        };
        Ok((pragma("page_count")? - pragma("freelist_count")?) * pragma("page_size")?)
    }
}

fn insert_line(statement: &mut Statement<'_>, line: &LogLine) -> rusqlite::Result<()> {
    let mut parameters = Parameters::of(statement);
    parameters.add(line.at.as_millis())?;
    parameters.add(line.function.as_str())?;
    parameters.add(version_text(&line.version))?;
    parameters.add(line.request_id.as_ref().map(|id| id.as_str()))?;
    parameters.add(line.execution_id.as_ref().map(|id| id.as_str()))?;
    parameters.add(line.stream.code())?;
    parameters.add(&line.text)?;
    parameters.execute().map(drop)
}

fn insert_segment(statement: &mut Statement<'_>, segment: &Segment) -> rusqlite::Result<()> {
    let mut parameters = Parameters::of(statement);
    parameters.add(&segment.trace_id)?;
    parameters.add(segment.at.as_millis())?;
    parameters.add(&segment.document)?;
    parameters.execute().map(drop)
}

fn answer(flushes: Vec<oneshot::Sender<Result<(), StoreFault>>>, written: Result<(), Failure>) {
    for flush in flushes {
        let answer = match &written {
            Ok(()) => Ok(()),
            Err(failure) => Err(failure.fault("write logs")),
        };
        // The caller may be gone.
        let _ = flush.send(answer);
    }
}
