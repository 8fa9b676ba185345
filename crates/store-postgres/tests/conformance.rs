//! The PostgreSQL store keeps every promise, and differs from the in-memory store in nothing.

mod support;

use proptest::prelude::*;
use proptest::test_runner::Config;
use store::conformance::{self, Choice, Walk};
use store::{
    AccessKeys, AuditRecords, CodeBlobs, MemoryStore, Servers, Sessions, StackRecord, Stacks,
    StacksRevision, Store,
};

use crate::support::{empty, open, server};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_store_conforms() {
    conformance::check_store(|| Box::new(empty()) as Box<dyn Store>).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_in_postgres_conform() {
    let empty = || Box::new(empty()) as Box<dyn Servers>;
    conformance::SERVERS.check(empty).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_in_postgres_conforms() {
    let empty = || Box::new(empty()) as Box<dyn CodeBlobs>;
    conformance::CODE_BLOBS.check(empty).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_keys_in_postgres_conform() {
    let empty = || Box::new(empty()) as Box<dyn AccessKeys>;
    conformance::ACCESS_KEYS.check(empty).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stacks_in_postgres_conform() {
    let empty = || Box::new(empty()) as Box<dyn Stacks>;
    conformance::STACKS.check(empty).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audit_in_postgres_conforms() {
    let empty = || Box::new(empty()) as Box<dyn AuditRecords>;
    conformance::AUDIT.check(empty).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_stacks_put_at_the_same_time_one_is_kept() {
    let store = empty();
    let mut seen = StacksRevision::default();
    let record = |name: &str| StackRecord {
        name: name.to_owned(),
        document: "{}".to_owned(),
        deployed_at: model::Timestamp::from_millis(1),
    };
    for _ in 0..20 {
        let (one, other) = tokio::join!(
            store.put_stack(record("loans"), seen),
            store.put_stack(record("orders"), seen),
        );
        assert_ne!(one.is_ok(), other.is_ok(), "{one:?} {other:?}");
        let refused = one.and(other).expect_err("one of them");
        assert!(refused.is_stacks_changed(), "{refused:?}");
        seen = seen.next();
        assert_eq!(store.stacks_revision().await.expect("works"), seen);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_in_postgres_conform() {
    let empty = || Box::new(empty()) as Box<dyn Sessions>;
    conformance::SESSIONS.check(empty).await;
}

fn walks() -> impl Strategy<Value = Vec<Choice>> {
    proptest::collection::vec(any::<Choice>(), 1..120)
}

proptest! {
    #![proptest_config(Config { cases: 16, ..Config::default() })]

    /// The same steps on both stores: the same answers, the same records, before and after the PostgreSQL store is
    /// closed and opened again.
    #[test]
    fn any_walk_leaves_both_stores_alike(choices in walks()) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(walk_both(&choices));
    }
}

async fn walk_both(choices: &[Choice]) {
    let url = server().database().await;
    let memory = MemoryStore::new();
    let mut walk = Walk::default();
    let halves = choices.split_at(choices.len() / 2);
    for half in [halves.0, halves.1] {
        let postgres = open(&url).await;
        for choice in half {
            walk.step(*choice, &postgres, &memory).await;
        }
        walk.check(&postgres, &memory).await;
        postgres.close().await.expect("it was open");
    }
    walk.check(&open(&url).await, &memory).await;
}
