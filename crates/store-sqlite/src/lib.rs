//! Durable executions in one SQLite file, with group commit.
//!
//! One thread writes: it takes all waiting transitions, writes them in one transaction, and answers them all after one
//! fsync. Lists and history are read on connections of their own. The schema is in `sql/migrations`, every statement in
//! `sql`; the tables are meant to be read with the `sqlite3` shell. In reading order: opening, writing, reading.

mod store;

mod check;
mod copy;
mod examine;
mod foreign;
mod lock;
mod log_file;
mod open;
mod open_error;
mod private;
mod report;
mod schema;
mod stats;
mod threads;

mod health;
mod presence;

mod awaiting;
mod job;
mod landed;
mod log_copy;
mod queue;
mod writer;

mod cells;
mod write;

mod read;
mod reader;
mod refusal;
mod unreadable;

mod look;
mod snapshot;
mod within;

mod fault;
mod logs;

pub use foreign::ForeignFile;
pub use logs::{OpenLogsOptions, SqliteLogs};
pub use open_error::OpenStoreError;
pub use report::{FileCheck, OpenReport, OpenWarning};
pub use rusqlite;
pub use schema::pending_migrations;
pub use snapshot::{SnapshotError, check_database, snapshot};
pub use store::SqliteStore;
pub use within::{Done, Verdict, Within, WriteWithin, refused_to_application};
