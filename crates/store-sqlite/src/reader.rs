//! A few threads that read, each on a connection of its own, so that a long list or history never
//! holds up a commit.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use rusqlite::Connection;
use store::StoreFuture;
use tokio::sync::oneshot;

use crate::OpenStoreError;
use crate::fault::{Failure, refused, unanswered};
use crate::health::Health;
use crate::queue::Queue;
use crate::threads::start_thread;
use crate::unreadable::UnreadableRows;

/// Reads at the same time. They are short and served from memory mostly.
pub(crate) const READERS: usize = 2;

/// Reads that may wait; as for writes, more than any server has requests in flight.
const QUEUE_CAPACITY: usize = 16_384;

type Read = Box<dyn FnOnce(&Connection) + Send>;

/// The threads and their queue.
#[derive(Debug)]
pub(crate) struct Readers {
    queue: Arc<Queue<Read>>,
    told: Told,
}

/// Where the threads report their findings.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub health: Arc<Health>,
    pub unreadable: Arc<UnreadableRows>,
}

impl Readers {
    /// Starts a thread for each connection.
    pub fn start(
        path: &Path,
        connections: Vec<Connection>,
        told: &Told,
    ) -> Result<(Self, Vec<JoinHandle<()>>), OpenStoreError> {
        let queue = Arc::new(Queue::new(QUEUE_CAPACITY));
        let mut threads = Vec::with_capacity(connections.len());
        for connection in connections {
            let (shared, told) = (Arc::clone(&queue), told.clone());
            let thread = start_thread("store-reader", path, move || {
                run(&connection, &shared, &told.health);
            });
            match thread {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    queue.close();
                    return Err(error);
                }
            }
        }
        let told = told.clone();
        Ok((Self { queue, told }, threads))
    }

    /// Runs a read. `attempted` names it in a fault.
    pub fn read<T: Send + 'static>(
        &self,
        attempted: String,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> StoreFuture<'static, T> {
        let (answer, answered) = oneshot::channel();
        let told = self.told.clone();
        let pushed = self.queue.push(Box::new(move |connection: &Connection| {
            let result = answer_to(read, connection, &told.health);
            // Before the caller can ask which rows were left out.
            told.unreadable.take_over();
            // The caller may be gone.
            let _ = answer.send(result);
        }));
        let pushed = pushed.map_err(|(_, why)| why);
        Box::pin(async move {
            if let Err(why) = pushed {
                return Err(refused(attempted, why));
            }
            match answered.await {
                Ok(Ok(value)) => Ok(value),
                Ok(Err(failure)) => Err(failure.fault(attempted)),
                Err(cause) => Err(unanswered(attempted, cause)),
            }
        })
    }

    /// Refuses reads from here on; waiting reads are still done.
    pub fn close(&self) {
        self.queue.close();
    }
}

/// A panic fails the one call: the rows that it was about are damaged, or there is a bug, and the next
/// call is about others.
fn answer_to<T>(
    read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    connection: &Connection,
    health: &Health,
) -> Result<T, Failure> {
    // Data of a deleted file must never be reported as stored: the next run will not find it.
    health.check_missed_files().map_err(Failure::Trouble)?;
    // The connection is as before: transactions, rows and statements end as they are dropped.
    match panic::catch_unwind(AssertUnwindSafe(|| read(connection))) {
        Ok(read) => read.map_err(Failure::from),
        Err(panic) => Err(Failure::of_panic(panic.as_ref())),
    }
}

fn run(connection: &Connection, queue: &Queue<Read>, health: &Health) {
    let _guard = TellOnPanic(health);
    let mut batch = Vec::with_capacity(1);
    // One at a time: the other readers take the rest.
    while queue.take_batch(&mut batch, |_| false) {
        for read in batch.drain(..) {
            read(connection);
        }
    }
}

/// Reports that a thread that reads has ended without its queue being closed.
struct TellOnPanic<'a>(&'a Health);

impl Drop for TellOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.reader_ended();
        }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[tokio::test]
    async fn a_panic_fails_its_call_and_the_thread_lives_on() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("executions.db");
        let connection = Connection::open(&path).expect("a database");
        let told = Told {
            health: Arc::new(Health::of(&path)),
            unreadable: Arc::default(),
        };
        let (readers, threads) =
            Readers::start(&path, vec![connection], &told).expect("one thread");
        for round in 0..3 {
            let fault = readers
                .read("read damaged rows".to_owned(), move |connection| {
                    let transaction = connection.unchecked_transaction()?;
                    transaction.query_row("SELECT 1", [], |_| -> rusqlite::Result<()> {
                        panic!("the rows of round {round} contradict each other")
                    })
                })
                .await
                .expect_err("it panicked");
            assert_eq!(fault.attempted, "read damaged rows");
            assert!(!fault.retryable);
            let expected = format!("the rows of round {round} contradict each other");
            assert!(
                fault.cause.to_string().ends_with(&expected),
                "{}",
                fault.cause
            );
            let read = readers.read("read".to_owned(), |connection| {
                assert!(connection.is_autocommit(), "the transaction has ended");
                connection.query_row("SELECT 7", [], |row| row.get::<_, i64>(0))
            });
            assert_eq!(read.await.expect("the one thread lives"), 7);
        }
        assert_eq!(told.health.trouble(), None);
        readers.close();
        for thread in threads {
            thread.join().expect("it ends well");
        }
    }
}
