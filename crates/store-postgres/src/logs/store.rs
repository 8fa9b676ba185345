//! The log store: hands lines to the writer and questions to a pool.

use std::sync::Arc;
use std::time::Duration;

use model::{ExecutionId, FunctionName, RequestId};
use store::columns::{self, Cells as _, read_log_line};
use store::{
    LogLine, LogPage, LogQuery, LogStore, NumberedLine, Segment, StoreFault, StoreFuture,
    within_bytes,
};
use tokio_postgres::Row;

use super::intake::LogIntake;
use super::writer::LogWriter;
use crate::cells::Columns;
use crate::fault::ReadError;
use crate::open::{Prepared, prepare};
use crate::open_error::OpenError;
use crate::read::row_limit;
use crate::readers::Readers;

/// Connections: one that writes, and one or two that read.
const CONNECTIONS: usize = 3;

/// Lines that are asked for at once, at first and at the most. They may be long.
const PIECE_FIRST: usize = 256;
const PIECE_MAX: usize = 4096;

/// The options of a log store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogOptions {
    /// Bytes of logs and traces of the account to keep, about; the oldest go first.
    pub bytes_max: u64,
    /// How long they are kept, about.
    pub age_max: Duration,
}

impl Default for LogOptions {
    /// A gibibyte, and thirty days.
    fn default() -> Self {
        Self {
            bytes_max: 1024 * 1024 * 1024,
            age_max: Duration::from_secs(30 * 24 * 60 * 60),
        }
    }
}

/// Logs and traces in a PostgreSQL database, which several servers may share. A crash may take the last moments.
///
/// A line's number is given when its server writes it. A reader that follows lines of several servers by their numbers
/// may miss one that another server was writing at that moment.
#[derive(Debug)]
pub struct PostgresLogs {
    account: Arc<str>,
    intake: Arc<LogIntake>,
    readers: Readers,
}

impl PostgresLogs {
    /// Opens the logs of an account in a database, as [`crate::PostgresStore::open`] does executions.
    ///
    /// # Errors
    /// As [`crate::PostgresStore::open`].
    pub async fn open(url: &str, account: &str, options: LogOptions) -> Result<Self, OpenError> {
        let Prepared {
            target,
            client,
            connection,
            synchronous_commit: _,
        } = prepare(url, account, None).await?;
        drop(client);
        connection.abort();
        let readers = Readers::new(&target, CONNECTIONS);
        let intake = Arc::new(LogIntake::default());
        let account: Arc<str> = account.into();
        let writer = LogWriter {
            account: Arc::clone(&account),
            readers: readers.clone(),
            intake: Arc::clone(&intake),
            options,
        };
        tokio::spawn(writer.run());
        Ok(Self {
            account,
            intake,
            readers,
        })
    }

    /// Waits until everything that was handed over can be read.
    async fn flush(&self, attempted: &str) -> Result<(), StoreFault> {
        match self.intake.flush().await {
            Ok(written) => written,
            Err(cause) => Err(StoreFault::new(attempted, false, cause)),
        }
    }

    async fn page(&self, query: &LogQuery) -> Result<LogPage, ReadError> {
        let sql = if query.tail {
            concat!(
                include_str!("../sql/logs/lines.sql"),
                include_str!("../sql/logs/last.sql")
            )
        } else {
            concat!(
                include_str!("../sql/logs/lines.sql"),
                include_str!("../sql/logs/first.sql")
            )
        };
        let account = &*self.account;
        let function = query.function.as_ref().map(FunctionName::as_str);
        let execution = query.execution_id.as_ref().map(ExecutionId::as_str);
        let request = query.request_id.as_ref().map(RequestId::as_str);
        let mut after = query.after.unwrap_or(i64::MIN);
        let mut before = query.before.unwrap_or(i64::MAX);
        // A character may be stored as two.
        let characters = query.text_bytes_max.saturating_mul(2).saturating_add(2);
        let characters = i32::try_from(characters).unwrap_or(i32::MAX);
        // One more, to know whether there is one.
        let wanted = query.limit.max(1).saturating_add(1);
        let mut lines: Vec<NumberedLine> = Vec::new();
        let mut bytes = 0;
        let mut piece = PIECE_FIRST;
        loop {
            let asked = piece.min(wanted - lines.len());
            let limit = i64::try_from(asked).unwrap_or(i64::MAX);
            let rows = self
                .readers
                .rows(
                    sql,
                    &[
                        &account,
                        &function,
                        &execution,
                        &request,
                        &after,
                        &before,
                        &limit,
                        &characters,
                    ],
                )
                .await?;
            for row in &rows {
                let line = read_line(row, query.text_bytes_max)?;
                bytes += line.line.text.len();
                if query.tail {
                    before = line.number;
                } else {
                    after = line.number;
                }
                lines.push(line);
            }
            if rows.len() < asked || lines.len() >= wanted || bytes > query.bytes_max {
                return LogPage::take(lines.into_iter().map(Ok), query);
            }
            piece = (piece * 2).min(PIECE_MAX);
        }
    }
}

impl Drop for PostgresLogs {
    fn drop(&mut self) {
        // The writer finishes the records handed over, as long as the runtime lets it.
        self.intake.close();
    }
}

impl LogStore for PostgresLogs {
    fn append(&self, lines: Vec<LogLine>) {
        self.intake.push_lines(lines);
    }

    fn append_segment(&self, segment: Segment) {
        self.intake.push_segment(segment);
    }

    fn lines(&self, query: LogQuery) -> StoreFuture<'_, LogPage> {
        let attempted = "read log lines";
        Box::pin(async move {
            self.flush(attempted).await?;
            let page = self.page(&query).await;
            page.map_err(|error| error.fault(attempted))
        })
    }

    fn segments(
        &self,
        trace_id: Option<String>,
        limit: usize,
        bytes_max: usize,
    ) -> StoreFuture<'_, Vec<Segment>> {
        let attempted = "read trace segments";
        Box::pin(async move {
            self.flush(attempted).await?;
            let trace = trace_id.as_deref().map(crate::text::stored);
            let bytes = i64::try_from(bytes_max).unwrap_or(i64::MAX);
            let sql = include_str!("../sql/logs/segments.sql");
            let (account, limit) = (&*self.account, row_limit(limit));
            let newest = async {
                let rows = self
                    .readers
                    .rows(sql, &[&account, &trace, &limit, &bytes])
                    .await?;
                let segments = rows.iter().map(read_segment);
                within_bytes(segments, bytes_max, |segment: &Segment| {
                    segment.document.len()
                })
            };
            let mut segments = newest.await.map_err(|error| error.fault(attempted))?;
            segments.reverse();
            Ok(segments)
        })
    }
}

fn read_line(row: &Row, text_bytes_max: usize) -> Result<NumberedLine, ReadError> {
    let mut columns = Columns::of(row);
    let (number, line) = read_log_line(&mut columns)?;
    let text_bytes = columns.count()?;
    Ok(NumberedLine {
        text_bytes,
        ..NumberedLine::cut(number, line, text_bytes_max)
    })
}

fn read_segment(row: &Row) -> Result<Segment, ReadError> {
    let mut columns = Columns::of(row);
    columns.skip(1);
    columns::read_segment(&mut columns)
}
