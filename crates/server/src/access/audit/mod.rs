//! The record of changes: who, what, when, from where, and with which outcome.
//!
//! It is kept twice: in the store, where servers that share one see what all of them recorded, and as lines of JSON in
//! the data folder of the server that handled the request. The answer to a change of the service waits until its record
//! is durable in the store. The answer to frequent actions (invocations, items of tables) waits only for the line, so
//! that they cost no commit; the record follows.

mod line;

mod file;
mod waiting;

mod record;

pub use line::AuditLine;
pub(crate) use record::{Audit, merged};
