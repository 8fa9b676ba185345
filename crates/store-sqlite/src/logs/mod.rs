//! Logs and traces in a SQLite file of their own: useful, bounded, never in the way.

mod intake;
mod query;
mod store;
mod writer;

pub use store::{OpenLogsOptions, SqliteLogs};
