//! Suites of cases.

use std::future::Future;
use std::pin::Pin;

/// The promises of one part of a store, as named cases.
///
/// A case is given the whole store: executions are made by commits, for every kind of read.
#[derive(Debug)]
pub struct Suite<S: ?Sized + 'static> {
    pub(super) cases: &'static [Case<S>],
}

pub(super) type Run<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// One promise, and how to see it kept.
#[derive(Debug)]
pub(super) struct Case<S: ?Sized> {
    pub name: &'static str,
    pub run: for<'a> fn(&'a S) -> Run<'a>,
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
            cases: &[$(crate::conformance::suite::Case {
                name: concat!(stringify!($part), "::", stringify!($case)),
                run: |store| Box::pin($case(store)),
            }),+],
        }
    };
}
