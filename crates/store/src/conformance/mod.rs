//! The suite that every store passes: named cases, each on a store of its own, driven by real
//! transitions of the engine; and a walk that compares two stores step by step.
//!
//! Each part of a store has its [`Suite`], so that a new store can be brought up part by part. A
//! store's tests call [`check_store`], which runs them all, [`ACCESS_KEYS`], [`STACKS`], [`AUDIT`] and [`LOGS`],
//! whose traits are no parts of `Store`, and [`Walk`] with random choices; where servers share it, [`SERVERS`],
//! [`CODE_BLOBS`] and [`SESSIONS`] as well.

#[macro_use]
mod suite;
mod subject;

mod access_keys;
mod audit;
mod catalogue;
mod executions;
mod history;
mod logs;
mod queue;
mod schedule_marks;
mod search;
mod servers;
mod sessions;
mod stacks;
mod store;
mod work;

mod walk;

pub use access_keys::ACCESS_KEYS;
pub use audit::AUDIT;
pub use catalogue::CATALOGUE;
pub use executions::EXECUTIONS;
pub use history::HISTORY;
pub use logs::LOGS;
pub use queue::QUEUE;
pub use schedule_marks::SCHEDULE_MARKS;
pub use search::SEARCH;
pub use servers::{CODE_BLOBS, SERVERS};
pub use sessions::SESSIONS;
pub use stacks::STACKS;
pub use store::WHOLE;
pub use subject::Subject;
pub use suite::Suite;
pub use walk::{Choice, Walk};
pub use work::WORK;

use crate::Store;

/// Runs the suites of all parts, and that of the whole.
///
/// # Panics
/// As [`Suite::check`].
pub async fn check_store(mut empty: impl FnMut() -> Box<dyn Store>) {
    let suites = [
        EXECUTIONS,
        HISTORY,
        WORK,
        QUEUE,
        SCHEDULE_MARKS,
        CATALOGUE,
        SEARCH,
        WHOLE,
    ];
    for suite in suites {
        suite.check(&mut empty).await;
    }
}
