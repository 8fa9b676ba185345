//! Copying the write-ahead log into the database, out of the way of commits.
//!
//! SQLite would do it within the commit that makes the log long enough, and all callers would wait
//! for it. Here a separate thread copies while the writer continues; only a little is written during the copy,
//! and the writer copies that itself between two batches, after which the log starts over.

use std::cell::Cell;
use std::ffi::c_int;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use rusqlite::hooks::Wal;

use crate::OpenStoreError;
use crate::threads::{join_all, start_thread};

/// Frames of the log, each a page of 4 KiB, after which copying begins. More would copy each page
/// less often, but the log has to stay small enough to be written over and over in memory.
const FRAMES_DUE: i32 = 4_096;

/// Bytes of the log before it starts over, with room for writes during the copying.
pub(crate) const LOG_BYTES: u64 = 2 * 4_096 * (4_096 + 24);

/// Frames after which the writer copies, even if the thread does: the log must not fill the disk.
const FRAMES_MAX: i32 = 16 * FRAMES_DUE;

thread_local! {
    /// Frames in the log after the last commit of this thread's connection.
    static FRAMES: Cell<i32> = const { Cell::new(0) };
}

/// The writer's part. When it is dropped, the thread has ended and closed its connection: the writer's closes last,
/// alone, and folds the rest of the log into the file. If two closed at once, each would leave that to the other.
#[derive(Debug)]
pub(crate) struct LogCopies {
    due: Option<SyncSender<()>>,
    copied: Arc<AtomicBool>,
    thread: Vec<JoinHandle<()>>,
}

/// The thread's part.
#[derive(Debug)]
struct Copier {
    due: Receiver<()>,
    copied: Arc<AtomicBool>,
}

impl Copier {
    /// Copies whenever the writer says so.
    fn run(self, connection: &Connection) {
        while self.due.recv().is_ok() {
            copy(connection);
            self.copied.store(true, Ordering::Release);
        }
    }
}

impl LogCopies {
    /// Starts the thread, with a connection of its own.
    pub fn start(path: &Path, copying: Connection) -> Result<Self, OpenStoreError> {
        let (sender, due) = sync_channel(1);
        let copied = Arc::new(AtomicBool::new(false));
        let copier = Copier {
            due,
            copied: Arc::clone(&copied),
        };
        let thread = start_thread("store-copier", path, move || copier.run(&copying))?;
        Ok(Self {
            due: Some(sender),
            copied,
            thread: vec![thread],
        })
    }

    /// Replaces SQLite's own checkpoints on the writer's connection, which belongs to this thread.
    pub fn take_over(connection: &mut Connection) -> rusqlite::Result<()> {
        connection.wal_hook(Some(|_: &mut Wal, frames: c_int| {
            FRAMES.set(frames);
            Ok(())
        }))
    }

    /// Called after a batch was answered.
    pub fn after_batch(&self, connection: &Connection) {
        let frames = FRAMES.get();
        if self.copied.swap(false, Ordering::Acquire) || frames >= FRAMES_MAX {
            copy(connection);
            // Until the next commit says how long the log is.
            FRAMES.set(0);
        } else if frames >= FRAMES_DUE
            && let Some(due) = &self.due
        {
            // A full channel means that it was asked already.
            let _ = due.try_send(());
        }
    }
}

impl Drop for LogCopies {
    fn drop(&mut self) {
        self.due = None;
        join_all(&mut self.thread);
    }
}

/// Copies the part of the log that no reader uses. It never waits for readers or writers.
fn copy(connection: &Connection) {
    let copied = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    if let Err(error) = copied {
        // Nothing is lost: the log keeps what it has, and the next turn tries again.
        tracing::warn!(%error, "the write-ahead log could not be copied into the database");
    }
}
