//! A database that is being filled cannot be used until it is whole.

mod support;

use model::Timestamp;
use store::{AccessKeyRecord, AccessKeys as _, Store as _};
use store_postgres::{OpenError, PostgresStore, Restoring, pending_migrations};

use crate::support::{ACCOUNT, client, open, server};

fn key(name: &str) -> AccessKeyRecord {
    AccessKeyRecord {
        id: format!("AKIA{name}"),
        name: name.to_owned(),
        sealed_secret: vec![1, 2, 3],
        policies: "[]".to_owned(),
        created_at: Timestamp::from_millis(1),
        rotated_at: Timestamp::from_millis(1),
        disabled_at: None,
    }
}

/// Puts something in, as a part of a restore.
async fn fill(url: &str, restoring: &Restoring) {
    let store = PostgresStore::open_restoring(url, ACCOUNT, restoring).await;
    let store = store.expect("it is opened for the one who fills it");
    store.create_access_key(key("part")).await.expect("works");
    store.close().await.expect("works");
}

async fn is_marked(url: &str) -> bool {
    let sql = "SELECT to_regclass('lambdura.restoring') IS NOT NULL";
    let row = client(url).await.query_one(sql, &[]).await;
    row.expect("it can be asked").get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_finished_is_refused_and_begun_anew() {
    let url = server().database().await;
    let restoring = Restoring::begin(&url, "`monday.backup`").await;
    let restoring = restoring.expect("it is empty");
    fill(&url, &restoring).await;
    match Restoring::begin(&url, "another").await {
        Err(OpenError::FilledMeanwhile { .. }) => {}
        other => panic!("somebody is at it: {other:?}"),
    }
    for found in [
        PostgresStore::open(&url, ACCOUNT).await.map(drop),
        pending_migrations(&url).await.map(drop),
    ] {
        match found {
            Err(OpenError::Unfinished { since, .. }) => {
                assert!(since.ends_with("UTC, from `monday.backup`"), "{since}");
            }
            other => panic!("it is not whole: {other:?}"),
        }
    }
    // As when its process dies.
    drop(restoring);
    // Its connection ends a moment later, and with it its lock.
    let again = loop {
        match Restoring::begin(&url, "again").await {
            Err(OpenError::FilledMeanwhile { .. }) => tokio::task::yield_now().await,
            other => break other.expect("nobody is at it any more"),
        }
    };
    assert!(again.removed_a_part());
    let store = PostgresStore::open_restoring(&url, ACCOUNT, &again).await;
    let store = store.expect("it is opened");
    assert_eq!(store.access_keys().await.expect("works"), []);
    store.create_access_key(key("whole")).await.expect("works");
    store.close().await.expect("works");
    again.finish().await.expect("works");
    assert!(!is_marked(&url).await);
    let keys = open(&url).await.access_keys().await.expect("works");
    assert_eq!(keys, [key("whole")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_anybody_needs_is_neither_marked_nor_removed() {
    let url = server().database().await;
    let store = open(&url).await;
    store.create_access_key(key("mine")).await.expect("works");
    match Restoring::begin(&url, "a backup").await {
        Err(OpenError::NotEmpty { table, .. }) => assert_eq!(table, "access_keys"),
        other => panic!("it has a key: {other:?}"),
    }
    assert!(!is_marked(&url).await);
    assert_eq!(store.access_keys().await.expect("works"), [key("mine")]);
    // Empty again: rows that a store makes by itself are no hindrance.
    store.delete_access_key("AKIAmine").await.expect("works");
    store.close().await.expect("works");
    let restoring = Restoring::begin(&url, "a backup").await;
    let restoring = restoring.expect("it is empty");
    assert!(!restoring.removed_a_part());
    fill(&url, &restoring).await;
    restoring.finish().await.expect("works");
    let keys = open(&url).await.access_keys().await.expect("works");
    assert_eq!(keys, [key("part")]);
}
