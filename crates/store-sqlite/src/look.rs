//! Reading the file of a running program: every read of a store, and no write.
//!
//! It takes no lock, starts no thread that writes, and leaves the file as it is. SQLite's write-ahead log
//! lets it read while the program writes, and neither waits for the other.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use store::{Durability, StoreFault};

use crate::SqliteStore;
use crate::open::open_reader;
use crate::open_error::OpenStoreError;
use crate::queue::Queue;
use crate::reader::READERS;
use crate::schema::EXECUTIONS;

/// The fault of a write.
pub(crate) fn refused(attempted: String) -> StoreFault {
    let why = "the file is only looked at here: the program that has it open changes it";
    StoreFault::new(attempted, false, why)
}

impl SqliteStore {
    /// Opens a database that another program has open, or may open any time, to read it. Every write is refused.
    ///
    /// # Errors
    /// [`OpenStoreError::NothingThere`] when there is no file, or none with durable executions in it;
    /// [`OpenStoreError::NewerSchema`], and when it is older than this program, which must not bring it up to date.
    pub fn look(path: &Path) -> Result<Self, OpenStoreError> {
        let nothing = |why: &str| OpenStoreError::NothingThere {
            path: path.to_owned(),
            why: why.to_owned(),
        };
        if !path.is_file() {
            return Err(nothing("there is no such file"));
        }
        let failed = |cause| OpenStoreError::Database {
            path: path.to_owned(),
            cause,
        };
        let open = || open_reader(path).map_err(failed);
        let searching = open()?;
        let found = EXECUTIONS.found(&searching).map_err(failed)?;
        let supported = EXECUTIONS.version();
        match found {
            None => return Err(nothing("no program has opened it for them")),
            Some(found) if found > supported => {
                return Err(OpenStoreError::NewerSchema {
                    path: path.to_owned(),
                    found,
                    supported,
                });
            }
            Some(found) if found < supported => {
                return Err(nothing(&format!(
                    "they are of an earlier version ({found}, this program reads {supported}); the program that \
                     they belong to brings them up to date when it starts"
                )));
            }
            Some(_) => {}
        }
        let connections: Result<Vec<_>, _> = (0..READERS).map(|_| open()).collect();
        Self::only_looking(path, connections?, searching)
    }

    /// A number that is another one whenever the file has been changed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn data_version(&self) -> Result<i64, StoreFault> {
        let read = |connection: &Connection| {
            connection.pragma_query_value(None, "data_version", |row| row.get(0))
        };
        self.query("read whether the file has changed".to_owned(), read)
            .await
    }

    /// The durability of a file that other programs write is unknown.
    pub(crate) const LOOKED_AT: Durability = Durability::Disk;

    /// A queue that takes nothing.
    pub(crate) fn no_writes<T>() -> Arc<Queue<T>> {
        let queue = Queue::new(1);
        queue.close();
        Arc::new(queue)
    }
}
