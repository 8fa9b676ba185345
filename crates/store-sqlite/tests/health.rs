//! A store that cannot be relied on says so, and acknowledges nothing that it does not keep.

mod support;

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use engine::Transition;
use rusqlite::Connection;
use store::conformance::Subject;
use store::{CommitError, Durability, Executions, Store, StoreFault, StoreTrouble};
use store_sqlite::SqliteStore;
use support::{PATIENCE, start, within};
use tempfile::TempDir;

/// Where the process opens a database whose writer cannot go on.
const DATABASE: &str = "HEALTH_TEST_DATABASE";

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Durability::Disk).expect("the database opens")
}

fn fault(result: Result<(), CommitError>) -> StoreFault {
    match result {
        Err(CommitError::Fault(fault)) => fault,
        other => panic!("expected a fault: {other:?}"),
    }
}

/// Commits until that fails, because the files are looked at now and then; returns the start that
/// failed.
async fn first_fault(store: &SqliteStore) -> (Arc<Transition>, StoreFault) {
    let begun = Instant::now();
    for number in 0.. {
        let begin = start(&format!("number-{number}"));
        match within(store.commit(Arc::clone(&begin))).await {
            Ok(()) => assert!(begun.elapsed() < PATIENCE, "{number} were acknowledged"),
            Err(CommitError::Fault(fault)) => return (begin, fault),
            Err(other) => panic!("{other:?}"),
        }
    }
    unreachable!("numbers do not end")
}

#[tokio::test]
async fn nothing_is_acknowledged_once_the_folder_is_gone() {
    let directory = TempDir::new().expect("a directory for the test");
    let folder = directory.path().join("data");
    let path = folder.join("executions.db");
    let store = open(&path);
    let begun = start("one");
    store.commit(Arc::clone(&begun)).await.expect("works");
    assert_eq!(store.health().trouble, None);
    fs::remove_dir_all(&folder).expect("it was there");
    let (_, first) = first_fault(&store).await;
    assert!(!first.retryable);
    assert!(
        first.outcome_unknown,
        "it went into a file that may come back"
    );
    let why = first.cause.to_string();
    assert!(
        why.contains("executions.db` was deleted while it is in use"),
        "{why}"
    );
    // Nor is data read that the next run will not find.
    let read = store.load(&begun.spec.arn.id).await;
    assert_eq!(read.expect_err("gone").cause.to_string(), why);
    let second = fault(store.commit(start("three")).await);
    assert!(!second.outcome_unknown, "it was not tried");
    let trouble = store.health().trouble;
    assert!(
        matches!(&trouble, Some(StoreTrouble::FilesGone { path: gone, what: "deleted" }) if *gone == path),
        "{trouble:?}"
    );
}

#[tokio::test]
async fn a_folder_that_comes_back_is_gone_on_with() {
    let directory = TempDir::new().expect("a directory for the test");
    let folder = directory.path().join("data");
    let path = folder.join("executions.db");
    let store = open(&path);
    let aside = directory.path().join("aside");
    fs::rename(&folder, &aside).expect("moved");
    let (begun, fault) = first_fault(&store).await;
    assert!(fault.outcome_unknown);
    // Another server's, at the same place.
    drop(open(&path));
    let trouble = store.health().trouble;
    assert!(
        matches!(
            &trouble,
            Some(StoreTrouble::FilesGone {
                what: "replaced",
                ..
            })
        ),
        "{trouble:?}"
    );
    fs::remove_dir_all(&folder).expect("it was there");
    fs::rename(&aside, &folder).expect("moved");
    assert_eq!(store.health().trouble, None);
    // The execution committed meanwhile is there.
    Subject::of(&begun).check(&store).await;
    store.commit(start("two")).await.expect("works");
}

#[tokio::test]
async fn a_deleted_log_is_missed() {
    let directory = TempDir::new().expect("a directory for the test");
    for durability in [Durability::Disk, Durability::Os] {
        let path = directory.path().join(format!("{durability:?}.db"));
        let store = SqliteStore::open(&path, durability).expect("it opens");
        store.commit(start("one")).await.expect("works");
        let log = path.with_extension("db-wal");
        fs::remove_file(&log).expect("there is a log");
        let why = first_fault(&store).await.1.cause.to_string();
        assert!(why.contains("db-wal` was deleted"), "{why}");
    }
}

/// No caller commits to a server that is not ready, so that the store has to try by itself.
#[tokio::test]
async fn commits_that_fail_are_trouble_until_one_succeeds() {
    let directory = TempDir::new().expect("a directory for the test");
    let path = directory.path().join("executions.db");
    let store = open(&path);
    let shell = Connection::open(&path).expect("a second connection");
    shell
        .execute_batch("BEGIN IMMEDIATE")
        .expect("nobody writes");
    for round in 1..3 {
        fault(within(store.commit(start("one"))).await);
        match store.health().trouble {
            Some(StoreTrouble::CommitsFail {
                in_a_row, error, ..
            }) => {
                // A question about the health may have had one tried.
                assert!(in_a_row >= round, "{in_a_row}");
                assert_eq!(error, "database is locked");
            }
            other => panic!("{other:?}"),
        }
    }
    shell.execute_batch("ROLLBACK").expect("it was open");
    let begun = Instant::now();
    while let Some(trouble) = store.health().trouble {
        assert!(begun.elapsed() < PATIENCE, "{trouble:?}");
        std::thread::yield_now();
    }
    store.commit(start("one")).await.expect("works");
    let failed = store.stats().failed_commits;
    assert!(failed >= 2, "they stay counted: {failed}");
}

/// Panics where a writer warns of a failed transaction: a thread that ends for an unforeseen reason.
struct PanickingSubscriber;

impl tracing::Subscriber for PanickingSubscriber {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "store_sqlite::writer"
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        panic!("nobody thought of this");
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

impl fmt::Debug for PanickingSubscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PanickingSubscriber")
    }
}

/// In a process of its own, because its writer cannot go on. In a run of the tests, the test of that process.
#[test]
fn a_process_whose_writer_cannot_go_on_ends_at_once() {
    if let Ok(database) = std::env::var(DATABASE) {
        write_until_it_ends(Path::new(&database));
        return;
    }
    let directory = TempDir::new().expect("a directory for the test");
    let path = directory.path().join("executions.db");
    let ended = Command::new(std::env::current_exe().expect("this binary has a path"))
        .args([
            "--exact",
            "a_process_whose_writer_cannot_go_on_ends_at_once",
            "--nocapture",
        ])
        .env(DATABASE, &path)
        .output()
        .expect("this binary can be run again");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(70), "{said}");
    let expected = format!("the thread that writes to `{}` has ended", path.display());
    assert!(said.contains(&expected), "{said}");
    assert!(said.contains("nobody thought of this"), "{said}");
    // The acknowledged execution is there.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(Subject::of(&start("one")).check(&open(&path)));
}

fn write_until_it_ends(path: &Path) {
    tracing::subscriber::set_global_default(PanickingSubscriber).expect("the only one");
    let store = open(path);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(store.commit(start("one"))).expect("works");
    let shell = Connection::open(path).expect("a second connection");
    shell
        .execute_batch(
            "CREATE TRIGGER poison BEFORE INSERT ON events BEGIN SELECT raise(ABORT, 'poisoned'); END",
        )
        .expect("a trigger");
    let answer = runtime.block_on(store.commit(start("two")));
    panic!("it still lives, and answers {answer:?}");
}
