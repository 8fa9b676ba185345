//! The log store: hands lines to the writer and questions to a reader.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use store::{Durability, LogLine, LogPage, LogQuery, LogStore, Segment, StoreFuture};

use super::intake::Intake;
use super::{query, writer};
use crate::health::Health;
use crate::lock::FileLock;
use crate::open::Database;
use crate::open_error::OpenStoreError;
use crate::reader::{Readers, Told};
use crate::report::OpenReport;
use crate::schema;
use crate::threads::{join_all, start_thread};

/// The options of a log store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenLogsOptions {
    /// Bytes of logs and traces to keep, about; the oldest go first.
    pub bytes_max: u64,
}

impl Default for OpenLogsOptions {
    /// 256 MiB: about a million lines; a laptop has the room, and no reader needs more.
    fn default() -> Self {
        Self {
            bytes_max: 256 * 1024 * 1024,
        }
    }
}

/// Logs and traces in one SQLite file. A power loss may take the last moments, never the file.
#[derive(Debug)]
pub struct SqliteLogs {
    intake: Arc<Intake>,
    readers: Readers,
    reading: Vec<JoinHandle<()>>,
    writing: Vec<JoinHandle<()>>,
    report: OpenReport,
    /// Released after the threads have ended.
    lock: FileLock,
}

impl SqliteLogs {
    /// Opens or creates the log database at `path`, with its directory.
    ///
    /// # Errors
    /// As [`crate::SqliteStore::open`].
    pub fn open(path: &Path, options: OpenLogsOptions) -> Result<Self, OpenStoreError> {
        let mut database = Database::open(path, Durability::Os, schema::LOGS)?;
        let reader = database.open_reader()?;
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
        let intake = Arc::new(Intake::default());
        let (began, begins) = mpsc::sync_channel(1);
        let shared = Arc::clone(&intake);
        let writer = start_thread("log-writer", &path, move || {
            writer::run(connection, &shared, options.bytes_max, &began);
        })?;
        begins
            .recv()
            .expect("the writer reports before it does anything else")
            .map_err(|cause| OpenStoreError::Database {
                path: path.clone(),
                cause,
            })?;
        let (readers, reading) = Readers::start(&path, vec![reader], &told)?;
        Ok(Self {
            intake,
            readers,
            report,
            reading,
            writing: vec![writer],
            lock,
        })
    }

    /// The findings when it was opened.
    pub const fn report(&self) -> &OpenReport {
        &self.report
    }

    /// Reads after everything that was appended before the call has been written.
    fn read<T: Send + 'static>(
        &self,
        attempted: &'static str,
        read: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> StoreFuture<'_, T> {
        let flushed = self.intake.flush();
        Box::pin(async move {
            match flushed.await {
                Ok(written) => written?,
                // The writer has ended; its lines can still be read.
                Err(_) => tracing::warn!("the log writer has ended"),
            }
            self.readers.read(attempted.to_owned(), read).await
        })
    }
}

impl Drop for SqliteLogs {
    fn drop(&mut self) {
        // In this order for the reason that the store of executions has.
        self.readers.close();
        join_all(&mut self.reading);
        self.intake.close();
        self.lock.say_closed(false, false);
        join_all(&mut self.writing);
    }
}

impl LogStore for SqliteLogs {
    fn append(&self, lines: Vec<LogLine>) {
        self.intake.push_lines(lines);
    }

    fn append_segment(&self, segment: Segment) {
        self.intake.push_segment(segment);
    }

    fn lines(&self, query: LogQuery) -> StoreFuture<'_, LogPage> {
        self.read("read log lines", move |connection| {
            query::lines(connection, &query)
        })
    }

    fn segments(
        &self,
        trace_id: Option<String>,
        limit: usize,
        bytes_max: usize,
    ) -> StoreFuture<'_, Vec<Segment>> {
        self.read("read trace segments", move |connection| {
            query::segments(connection, trace_id.as_deref(), limit, bytes_max)
        })
    }
}
