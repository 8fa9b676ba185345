//! The promises of all parts together.

use std::sync::Arc;

use model::Version;

use super::Suite;
use super::catalogue::version;
use super::subject::{Subject, spec, start_of};
use crate::{CommitError, Store, StoreTrouble};

/// The promises of [`Store`], beyond those of its parts.
pub const WHOLE: Suite<dyn Store> = suite![store:
    a_write_that_fails_takes_nobody_elses_with_it,
    a_closed_store_refuses_and_says_so,
];

async fn a_write_that_fails_takes_nobody_elses_with_it(store: &dyn Store) {
    let published = version("Loan", Version::Published(1), "code");
    let again = published.clone();
    let recorded = store.put_function_version(published).await;
    recorded.expect("nobody has published it");
    let before = start_of(spec("Loan", "before", "id-1"), 3);
    let after = start_of(spec("Loan", "after", "id-2"), 4);
    // Handed over at once, so that a store that groups its commits has them in one group.
    let first = store.commit(Arc::clone(&before));
    let failing = store.put_function_version(again);
    let last = store.commit(Arc::clone(&after));
    first.await.expect("it was handed over before");
    let fault = failing.await.expect_err("a published version is frozen");
    assert!(!fault.retryable && !fault.outcome_unknown, "{fault:?}");
    last.await.expect("it was handed over after");
    Subject::of(&before).check(store).await;
    Subject::of(&after).check(store).await;
    assert_eq!(store.health().trouble, None, "the store did not fail");
}

async fn a_closed_store_refuses_and_says_so(store: &dyn Store) {
    let subject = Subject::start(store, spec("Loan", "one", "id-1")).await;
    assert_eq!(store.health().trouble, None);
    store.close().await.expect("it was open");
    assert_eq!(store.health().trouble, Some(StoreTrouble::Closed));
    let refused = store.commit(start_of(spec("Loan", "two", "id-2"), 2)).await;
    let Err(CommitError::Fault(fault)) = refused else {
        panic!("{refused:?}");
    };
    assert!(!fault.retryable);
    assert_eq!(fault.cause.to_string(), "the store is closed");
    let refused = store.load(subject.id()).await;
    assert_eq!(
        refused.expect_err("closed").cause.to_string(),
        "the store is closed"
    );
    store.close().await.expect("closing twice is harmless");
}
