//! A few threads that read, each on a connection of its own, so that a long list or history never
//! holds up a commit.

use std::sync::Arc;
use std::thread::JoinHandle;

use rusqlite::Connection;
use store::{StoreFault, StoreFuture};
use tokio::sync::oneshot;

use crate::fault::{fault, refused, unanswered};
use crate::queue::Queue;

/// Reads at the same time. They are short and served from memory mostly.
pub(crate) const READERS: usize = 2;

/// Reads that may wait; as for writes, more than any server has requests in flight.
const QUEUE_CAPACITY: usize = 16_384;

type Read = Box<dyn FnOnce(&Connection) + Send>;

/// The threads and their queue.
#[derive(Debug)]
pub(crate) struct Readers {
    queue: Arc<Queue<Read>>,
}

impl Readers {
    /// Starts a thread for each connection.
    pub fn start(connections: Vec<Connection>) -> (Self, Vec<JoinHandle<()>>) {
        let queue = Arc::new(Queue::new(QUEUE_CAPACITY));
        let threads = connections.into_iter().map(|connection| {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new()
                .name("store-reader".to_owned())
                .spawn(move || run(&connection, &queue))
                .expect("a thread can be started when the store is opened")
        });
        let threads = threads.collect();
        (Self { queue }, threads)
    }

    /// Runs a read. `attempted` is what a fault says was being done.
    pub fn read<T: Send + 'static>(
        &self,
        attempted: String,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> StoreFuture<'static, Result<T, StoreFault>> {
        let (answer, answered) = oneshot::channel();
        let pushed = self.queue.push(Box::new(move |connection: &Connection| {
            // Whoever asked may be gone.
            let _ = answer.send(read(connection));
        }));
        let pushed = pushed.map_err(|(_, why)| why);
        Box::pin(async move {
            if let Err(why) = pushed {
                return Err(refused(attempted, why));
            }
            match answered.await {
                Ok(Ok(value)) => Ok(value),
                Ok(Err(error)) => Err(fault(attempted, &Arc::new(error))),
                Err(cause) => Err(unanswered(attempted, cause)),
            }
        })
    }

    /// Refuses reads from here on; those that wait are still done.
    pub fn close(&self) {
        self.queue.close();
    }
}

fn run(connection: &Connection, queue: &Queue<Read>) {
    let mut batch = Vec::with_capacity(1);
    // One at a time: the other readers take the others.
    while queue.take_batch(&mut batch, |_| false) {
        for read in batch.drain(..) {
            read(connection);
        }
    }
}
