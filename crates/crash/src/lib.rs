//! Crash tests: a store that kills its own process at a chosen write.
//!
//! Nothing depends on this crate. `crash-server` is a server with such a store; the tests kill it
//! before and after every commit of a loan application, restart it on the same data, and check that
//! the application ends as if nothing had happened. `crash-embedded` is a program with embedded
//! executions, which is killed in the same ways, and within its transactions.

mod crash_point;
mod crashing_store;

pub use crash_point::{CrashPoint, ParseCrashPointError, Side};
pub use crashing_store::{CrashingStore, crashing_file, crashing_store, die};
