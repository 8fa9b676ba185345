//! The record of changes: who, what, when, from where, and with which outcome.
//!
//! It is kept twice: in the store, where servers that share one see what all of them recorded, and as lines of JSON in
//! the data folder of the server that was asked. A change of the service is answered when its record is durable in the
//! store; what happens all the time (invocations, items of tables) when its line is, so that it costs no commit, and
//! its record follows.

mod line;

mod file;
mod waiting;

mod record;

pub use line::AuditLine;
pub(crate) use record::{Audit, merged};
