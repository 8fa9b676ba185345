//! The SQLite stores keep every promise, and differ from the in-memory store in nothing.

use proptest::prelude::*;
use proptest::test_runner::Config;
use store::conformance::{self, Choice, Walk};
use store::{AccessKeys, AuditRecords, Durability, LogStore, MemoryStore, Stacks, Store};
use store_sqlite::{OpenLogsOptions, SqliteLogs, SqliteStore};
use tempfile::TempDir;

/// An empty store in a directory of its own. The directories live as long as the test.
fn empty_store(directories: &mut Vec<TempDir>, durability: Durability) -> SqliteStore {
    let directory = TempDir::new().expect("a directory for the test");
    let path = directory.path().join("executions.db");
    directories.push(directory);
    SqliteStore::open(&path, durability).expect("a new database")
}

#[tokio::test]
async fn sqlite_store_conforms_at_every_durability() {
    for durability in [Durability::Disk, Durability::Os, Durability::Memory] {
        let mut directories = Vec::new();
        let empty = || -> Box<dyn Store> { Box::new(empty_store(&mut directories, durability)) };
        conformance::check_store(empty).await;
    }
}

#[tokio::test]
async fn sqlite_access_keys_conform() {
    let mut directories = Vec::new();
    let empty =
        || -> Box<dyn AccessKeys> { Box::new(empty_store(&mut directories, Durability::Os)) };
    conformance::ACCESS_KEYS.check(empty).await;
}

#[tokio::test]
async fn sqlite_stacks_conform() {
    let mut directories = Vec::new();
    let empty = || -> Box<dyn Stacks> { Box::new(empty_store(&mut directories, Durability::Os)) };
    conformance::STACKS.check(empty).await;
}

#[tokio::test]
async fn sqlite_audit_conforms() {
    let mut directories = Vec::new();
    let empty =
        || -> Box<dyn AuditRecords> { Box::new(empty_store(&mut directories, Durability::Os)) };
    conformance::AUDIT.check(empty).await;
}

#[tokio::test]
async fn sqlite_logs_conform() {
    let mut directories = Vec::new();
    let empty = || -> Box<dyn LogStore> {
        let directory = TempDir::new().expect("a directory for the test");
        let path = directory.path().join("logs.db");
        directories.push(directory);
        Box::new(SqliteLogs::open(&path, OpenLogsOptions::default()).expect("a new database"))
    };
    conformance::LOGS.check(empty).await;
}

fn walks() -> impl Strategy<Value = Vec<Choice>> {
    proptest::collection::vec(any::<Choice>(), 1..120)
}

proptest! {
    #![proptest_config(Config { cases: 48, ..Config::default() })]

    /// The same steps on both stores: the same answers, the same records, before and after the
    /// SQLite store is closed and opened again.
    #[test]
    fn any_walk_leaves_both_stores_alike(choices in walks()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        runtime.block_on(walk_both(&choices));
    }
}

async fn walk_both(choices: &[Choice]) {
    let directory = TempDir::new().expect("a directory for the test");
    let path = directory.path().join("executions.db");
    let open = || SqliteStore::open(&path, Durability::Os).expect("the database opens");
    let memory = MemoryStore::new();
    let mut walk = Walk::default();
    let halves = choices.split_at(choices.len() / 2);
    for half in [halves.0, halves.1] {
        let sqlite = open();
        for choice in half {
            walk.step(*choice, &sqlite, &memory).await;
        }
        walk.check(&sqlite, &memory).await;
    }
    walk.check(&open(), &memory).await;
}

/// Appending never fails, even without readers.
#[test]
fn a_log_store_can_be_dropped_with_lines_on_their_way() {
    let directory = TempDir::new().expect("a directory for the test");
    let path = directory.path().join("logs.db");
    let logs = SqliteLogs::open(&path, OpenLogsOptions::default()).expect("a new database");
    logs.append(Vec::new());
    drop(logs);
    SqliteLogs::open(&path, OpenLogsOptions::default()).expect("it was released");
}
