//! The logs and traces of functions: taken at once, written in batches, bounded.

mod intake;
mod store;
mod writer;

pub use store::{LogOptions, PostgresLogs};
