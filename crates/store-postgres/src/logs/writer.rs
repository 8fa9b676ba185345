//! The task that writes logs and traces, and cuts them at their old end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future;
use model::Timestamp;
use store::columns::{Code as _, version_text};
use store::{LogLine, Segment};
use tokio_postgres::types::{ToSql, Type};

use super::intake::{LogIntake, RECORD_BYTES, Taken};
use super::store::LogOptions;
use crate::fault::ReadError;
use crate::readers::Readers;
use crate::rows::{Column, Rows, number, text};
use crate::write::Sql;

const LINE: &[Column] = &[
    number("happened_at", 0),
    text("function_name", 0),
    text("function_version", 0),
    text("request_id", 0),
    text("execution_id", 0),
    text("stream", 0),
    number("text_bytes", 0),
    text("text", 0),
];

const SEGMENT: &[Column] = &[
    text("trace_id", 0),
    number("arrived_at", 0),
    number("document_bytes", 0),
    text("document", 0),
];

/// Batches between two looks at how much there is.
const BATCHES_PER_LOOK: u32 = 64;

/// How often a batch is tried that the database has no answer for.
const TRIES_MAX: u32 = 4;

/// How long to wait before it is tried again: records gather meanwhile.
const PAUSE: Duration = Duration::from_millis(250);

pub(super) struct LogWriter {
    pub account: Arc<str>,
    pub readers: Readers,
    pub intake: Arc<LogIntake>,
    pub options: LogOptions,
}

impl LogWriter {
    /// Runs until the intake is closed and empty.
    pub async fn run(self) {
        let mut batches = 0_u32;
        let mut kept = Kept::default();
        while let Some(taken) = self.intake.take().await {
            let Taken {
                lines,
                segments,
                flushes,
            } = taken;
            let written = self.write(&lines, &segments).await;
            if let Err(error) = &written {
                tracing::warn!(
                    lines = lines.len(),
                    segments = segments.len(),
                    error = stdx::error_chain(error),
                    "logs and traces were lost"
                );
            }
            for flush in flushes {
                let answer = match &written {
                    Ok(()) => Ok(()),
                    Err(error) => Err(store::StoreFault::new(
                        "write logs",
                        true,
                        stdx::error_chain(error),
                    )),
                };
                // The caller may be gone.
                let _ = flush.send(answer);
            }
            kept.note(&lines, &segments);
            batches += 1;
            if batches.is_multiple_of(BATCHES_PER_LOOK)
                && let Err(error) = self.trim(&kept).await
            {
                tracing::info!(
                    error = stdx::error_chain(&error),
                    "old logs are removed another time"
                );
            }
        }
    }

    async fn write(&self, lines: &[LogLine], segments: &[Segment]) -> Result<(), ReadError> {
        let mut tries = 0;
        loop {
            let error = match self.try_write(lines, segments).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            tries += 1;
            // One that is there although its answer was lost is written twice then: that is better than never.
            if tries >= TRIES_MAX || !error.is_lost_connection() {
                return Err(error);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn try_write(&self, lines: &[LogLine], segments: &[Segment]) -> Result<(), ReadError> {
        let account = &*self.account;
        let mut line_rows = Rows::of(LINE);
        for line in lines {
            add_line(&mut line_rows, line);
        }
        let mut segment_rows = Rows::of(SEGMENT);
        for segment in segments {
            add_segment(&mut segment_rows, segment);
        }
        let mut statements = Vec::new();
        if !lines.is_empty() {
            statements.push(insert("log_lines", LINE, &account, &line_rows));
        }
        if !segments.is_empty() {
            statements.push(insert("trace_segments", SEGMENT, &account, &segment_rows));
        }
        if statements.is_empty() {
            return Ok(());
        }
        let client = self.readers.take().await?;
        let mut prepared = Vec::new();
        for sql in &statements {
            prepared.push(client.prepare_typed_cached(&sql.text, &sql.types).await?);
        }
        // Does not wait for the disk: a crash may take the last moments.
        let begin = client.batch_execute("BEGIN; SET LOCAL synchronous_commit = off");
        let all = prepared
            .iter()
            .zip(&statements)
            .map(|(statement, sql)| client.execute(statement, &sql.parameters));
        let commit = client.batch_execute("COMMIT");
        let (begun, done, committed) = future::join3(begin, future::join_all(all), commit).await;
        begun?;
        done.into_iter().collect::<Result<Vec<_>, _>>()?;
        client.returned(committed)
    }

    /// Removes the oldest tenth while there is more than there may be, or while it is too old.
    async fn trim(&self, kept: &Kept) -> Result<(), ReadError> {
        let age = i64::try_from(self.options.age_max.as_millis()).unwrap_or(i64::MAX);
        for (sql, bytes_each) in [
            (
                include_str!("../sql/logs/trim_lines.sql"),
                kept.lines.bytes_each(),
            ),
            (
                include_str!("../sql/logs/trim_segments.sql"),
                kept.segments.bytes_each(),
            ),
        ] {
            // Lines and segments have half of the room each.
            let count = self.options.bytes_max / 2 / bytes_each;
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.readers
                .write(sql, &[&&*self.account, &count, &age])
                .await?;
        }
        Ok(())
    }
}

/// The weight of the records, as far as this server writes them.
#[derive(Debug, Default)]
struct Kept {
    lines: Weight,
    segments: Weight,
}

#[derive(Debug, Default)]
struct Weight {
    records: u64,
    bytes: u64,
}

impl Weight {
    fn note(&mut self, text: &str) {
        self.records += 1;
        self.bytes += (RECORD_BYTES + text.len()) as u64;
    }

    fn bytes_each(&self) -> u64 {
        (self.bytes / self.records.max(1)).max(RECORD_BYTES as u64)
    }
}

impl Kept {
    fn note(&mut self, lines: &[LogLine], segments: &[Segment]) {
        lines.iter().for_each(|line| self.lines.note(&line.text));
        for segment in segments {
            self.segments.note(&segment.document);
        }
    }
}

fn add_line<'a>(rows: &mut Rows<'a>, line: &'a LogLine) {
    rows.instant(Some(line.at));
    rows.id(line.function.as_str());
    rows.word(Some(version_text(&line.version)));
    rows.optional_id(line.request_id.as_ref().map(|id| id.as_str()));
    rows.optional_id(line.execution_id.as_ref().map(|id| id.as_str()));
    rows.id(line.stream.code());
    rows.bits(line.text.len() as u64);
    rows.string(Some(&line.text));
    rows.end_row();
}

fn add_segment<'a>(rows: &mut Rows<'a>, segment: &'a Segment) {
    rows.string(Some(&segment.trace_id));
    rows.instant(Some(Timestamp::from_millis(segment.at.as_millis())));
    rows.bits(segment.document.len() as u64);
    rows.string(Some(&segment.document));
    rows.end_row();
}

fn insert<'p>(
    table: &str,
    columns: &'static [Column],
    account: &'p &str,
    rows: &'p Rows<'_>,
) -> Sql<'p> {
    let mut sql = Sql::new();
    let account = sql.parameter(account as &(dyn ToSql + Sync), Type::TEXT);
    let records = sql.table("record", columns, rows);
    let names: Vec<_> = columns.iter().map(|column| column.name).collect();
    let names = names.join(", ");
    sql.push(&format!(
        "INSERT INTO lambdura.{table} (account_id, {names}) SELECT {account}, {names} FROM {records}"
    ));
    sql
}
