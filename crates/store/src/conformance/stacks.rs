//! Stacks.

use super::Suite;
use super::subject::BEGINNING;
use crate::{StackList, StackRecord, Stacks, StacksRevision};

/// The promises of [`Stacks`].
pub const STACKS: Suite<dyn Stacks> = suite![stacks:
    stacks_are_kept_by_name,
    a_change_on_an_old_revision_is_refused,
];

fn record(name: &str, document: &str, seconds: u32) -> StackRecord {
    StackRecord {
        name: name.to_owned(),
        document: document.to_owned(),
        deployed_at: BEGINNING.plus_seconds(seconds),
    }
}

async fn stacks_are_kept_by_name(store: &dyn Stacks) {
    assert_eq!(store.stacks().await.expect("works"), StackList::default());
    let mut seen = StacksRevision::default();
    // Text that a database might mistake for something else.
    let odd = record("orders", "{\"a\": \"\u{1F980}'\\u0000\"}", 2);
    for one in [
        record("orders", "{}", 0),
        record("loans", "{\"b\": 2}", 1),
        odd.clone(),
    ] {
        store
            .put_stack(one, seen)
            .await
            .expect("nobody else writes");
        seen = seen.next();
        assert_eq!(store.stacks_revision().await.expect("works"), seen);
    }
    let found = store.stacks().await.expect("works");
    assert_eq!(found.revision, seen);
    assert_eq!(
        found.stacks,
        [record("loans", "{\"b\": 2}", 1), odd.clone()]
    );
    for _ in 0..2 {
        let deleted = store.delete_stack("loans", seen).await;
        deleted.expect("works, and once more");
        seen = seen.next();
    }
    let found = store.stacks().await.expect("works");
    assert_eq!((found.revision, found.stacks), (seen, vec![odd]));
}

async fn a_change_on_an_old_revision_is_refused(store: &dyn Stacks) {
    let old = StacksRevision::default();
    let first = record("loans", "1", 0);
    store.put_stack(first.clone(), old).await.expect("new");
    for late in [
        store.put_stack(record("loans", "2", 1), old).await,
        store.put_stack(record("orders", "2", 1), old).await,
        store.delete_stack("loans", old).await,
        store
            .put_stack(record("orders", "2", 1), old.next().next())
            .await,
    ] {
        let fault = late.expect_err("somebody has written");
        assert!(fault.is_stacks_changed(), "{fault:?}");
        assert!(!fault.retryable);
    }
    let found = store.stacks().await.expect("works");
    assert_eq!((found.revision, found.stacks), (old.next(), vec![first]));
}
