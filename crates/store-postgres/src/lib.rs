//! Durable executions in PostgreSQL, which several servers may share, with group commit.
//!
//! One task writes: it takes all waiting transitions and commits them in one transaction, most of them as one statement
//! of arrays. Everything else is read on connections of pools. Nothing lasts longer than a transaction, so that a
//! pooler in between may hand connections around (PgBouncer in transaction mode keeps prepared statements from 1.21 on,
//! with `max_prepared_statements`). The schema is in `sql/migrations`, every statement in `sql` or beside its columns
//! in `write`; the tables are meant to be read with `psql`. In reading order: opening, writing, reading.
#![warn(missing_docs)]

mod store;

mod check;
mod connect;
mod maintenance;
mod open;
mod open_error;
mod partitions;
mod restoring;
mod schema;
mod tls;

mod batch;
mod intake;
mod job;
mod keys;
mod lane;
mod writer;

mod rows;
mod text;
mod write;

mod cells;
mod read;
mod readers;
mod unreadable;

mod logs;

mod fault;
mod health;
mod stats;

pub use logs::{LogOptions, PostgresLogs};
pub use open_error::OpenError;
pub use restoring::Restoring;
pub use schema::{may_create, pending_migrations};
pub use store::PostgresStore;
