//! Access keys.

use super::Suite;
use super::subject::BEGINNING;
use crate::{AccessKeyRecord, AccessKeyRevision, AccessKeys, StoreFuture};

/// The promises of [`AccessKeys`].
pub const ACCESS_KEYS: Suite<dyn AccessKeys> = suite![access_keys:
    keys_are_kept_by_name,
    ids_and_names_are_there_once,
    a_key_is_changed_and_keeps_its_name,
    every_change_of_a_key_raises_the_revision,
];

fn record(id: &str, name: &str) -> AccessKeyRecord {
    AccessKeyRecord {
        id: id.to_owned(),
        name: name.to_owned(),
        // Bytes that are no text.
        sealed_secret: vec![1, 0, 255, 128, b'\'', 7],
        policies: "[\"invoke\"]".to_owned(),
        created_at: BEGINNING,
        rotated_at: BEGINNING,
        disabled_at: None,
    }
}

async fn keys_are_kept_by_name(store: &dyn AccessKeys) {
    assert_eq!(store.access_keys().await.expect("works"), []);
    let (ci, admin) = (record("AKIA1", "ci"), record("AKIA2", "admin"));
    for one in [&ci, &admin] {
        store.create_access_key(one.clone()).await.expect("new");
    }
    let kept = store.access_keys().await.expect("works");
    assert_eq!(kept, [admin, ci.clone()]);
    for _ in 0..2 {
        let deleted = store.delete_access_key("AKIA2").await;
        deleted.expect("works, and once more");
    }
    assert_eq!(store.access_keys().await.expect("works"), [ci]);
    // Its name is free again.
    let again = record("AKIA3", "admin");
    store.create_access_key(again).await.expect("new");
}

async fn ids_and_names_are_there_once(store: &dyn AccessKeys) {
    let ci = record("AKIA1", "ci");
    store.create_access_key(ci.clone()).await.expect("new");
    let mut drawn_anew = record("AKIA1", "ci");
    drawn_anew.sealed_secret = vec![9];
    for taken in [record("AKIA1", "other"), record("AKIA2", "ci"), drawn_anew] {
        let refused = store.create_access_key(taken).await;
        assert!(!refused.expect_err("it is taken").retryable);
    }
    let kept = store.access_keys().await.expect("works");
    assert_eq!(kept, std::slice::from_ref(&ci));
    // As after an answer that was lost.
    store.create_access_key(ci.clone()).await.expect("the same");
    assert_eq!(store.access_keys().await.expect("works"), [ci]);
}

async fn a_key_is_changed_and_keeps_its_name(store: &dyn AccessKeys) {
    let ci = record("AKIA1", "ci");
    store.create_access_key(ci.clone()).await.expect("new");
    let neighbour = record("AKIA2", "neighbour");
    store
        .create_access_key(neighbour.clone())
        .await
        .expect("new");
    let changed = AccessKeyRecord {
        sealed_secret: vec![2, 3],
        policies: "[\"admin\"]".to_owned(),
        rotated_at: BEGINNING.plus_seconds(60),
        disabled_at: Some(BEGINNING.plus_seconds(90)),
        ..ci.clone()
    };
    let renamed = AccessKeyRecord {
        name: "neighbour".to_owned(),
        created_at: BEGINNING.plus_seconds(5),
        ..changed.clone()
    };
    for write in [changed.clone(), renamed] {
        store.replace_access_key(write).await.expect("it is there");
        let kept = store.access_keys().await.expect("works");
        assert_eq!(kept, [changed.clone(), neighbour.clone()]);
    }
    store.replace_access_key(ci.clone()).await.expect("back");
    let kept = store.access_keys().await.expect("works");
    assert_eq!(kept, [ci, neighbour]);
    let refused = store.replace_access_key(record("AKIA9", "x")).await;
    assert!(!refused.expect_err("it is not there").retryable);
}

async fn revision(store: &dyn AccessKeys) -> AccessKeyRevision {
    store.access_key_revision().await.expect("works")
}

async fn every_change_of_a_key_raises_the_revision(store: &dyn AccessKeys) {
    let mut last = revision(store).await;
    assert_eq!(revision(store).await, last);
    let mut is_raised_by = async |change: StoreFuture<'_, ()>| {
        change.await.expect("works");
        let raised = revision(store).await;
        assert!(raised > last, "{raised:?} after {last:?}");
        last = raised;
    };
    is_raised_by(store.create_access_key(record("AKIA1", "ci"))).await;
    is_raised_by(store.replace_access_key(record("AKIA1", "ci"))).await;
    is_raised_by(store.delete_access_key("AKIA1")).await;
    store.access_keys().await.expect("works");
    assert_eq!(revision(store).await, last);
}
