//! The suite that every store passes: named cases, each on a store of its own, driven by real
//! transitions of the engine; and a walk that compares two stores step by step.
//!
//! Each part of a store has its [`Suite`], so that a new store can be brought up part by part. A
//! store's tests call [`check_store`], which runs them all, [`ACCESS_KEYS`], [`STACKS`], [`AUDIT`] and [`LOGS`],
//! whose traits are no parts of `Store`, and [`Walk`] with random choices; where servers share it, [`SERVERS`],
//! [`CODE_BLOBS`] and [`SESSIONS`] as well.

use std::future::Future;
use std::pin::Pin;

use crate::Store;

/// The promises of one part of a store, as named cases.
///
/// A case is given the whole store: executions are made by commits whatever is read of them.
#[derive(Debug)]
pub struct Suite<S: ?Sized + 'static> {
    cases: &'static [Case<S>],
}

type Run<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// One promise, and how to see it kept.
#[derive(Debug)]
struct Case<S: ?Sized> {
    name: &'static str,
    run: for<'a> fn(&'a S) -> Run<'a>,
}

impl<S: ?Sized> Suite<S> {
    /// Runs every case on an empty store of its own.
    ///
    /// # Panics
    /// When a promise is broken. The last name that was printed is the case.
    pub async fn check(&self, mut empty: impl FnMut() -> Box<S>) {
        for case in self.cases {
            eprintln!("conformance: {}", case.name);
            (case.run)(&empty()).await;
        }
    }
}

/// A suite of the functions of a part's module.
macro_rules! suite {
    ($part:ident: $($case:path),+ $(,)?) => {
        crate::conformance::Suite {
            cases: &[$(crate::conformance::Case {
                name: concat!(stringify!($part), "::", stringify!($case)),
                run: |store| Box::pin($case(store)),
            }),+],
        }
    };
}

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
pub use walk::{Choice, Walk};
pub use work::WORK;

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
