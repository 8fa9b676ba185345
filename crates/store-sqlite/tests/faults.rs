//! Failures around a database file: calls fail clearly, nothing acknowledged is lost, and the store goes on when the
//! failure is over.

mod support;

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use model::Payload;
use rusqlite::Connection;
use store::conformance::Subject;
use store::{CommitError, Durability, EventPage, ExecutionFilter, Executions, History, StoreFault};
use store_sqlite::SqliteStore;
use support::{start, step, within};
use tempfile::TempDir;

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Durability::Disk).expect("the database opens")
}

fn fault(result: Result<(), CommitError>) -> StoreFault {
    match result {
        Err(CommitError::Fault(fault)) => fault,
        other => panic!("expected a fault: {other:?}"),
    }
}

/// Commits steps with large results until one fails, and returns that fault.
async fn fill(store: &SqliteStore, subject: &mut Subject) -> StoreFault {
    for _ in 0..1000 {
        let transition = step(subject, Payload::from("x".repeat(100_000)));
        match store.commit(Arc::clone(&transition)).await {
            Ok(()) => subject.absorb(&transition),
            Err(CommitError::Fault(fault)) => return fault,
            Err(other) => panic!("{other:?}"),
        }
    }
    panic!("a hundred megabytes found room");
}

/// A file system of a few megabytes, mounted for the test; `None` where that is not permitted.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount(megabytes: u32) -> Option<Self> {
        let directory = TempDir::new().expect("a directory for the test");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"])
            .arg(directory.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(directory)),
            Ok(_) | Err(_) => {
                eprintln!("skipped: mounting a small file system is not permitted here");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = std::process::Command::new("umount")
            .arg(self.0.path())
            .status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("`{}` stays mounted", self.0.path().display());
        }
    }
}

#[tokio::test]
async fn a_full_disk_fails_commits_until_there_is_room_again() {
    // The room freed later holds a second copy of all that is written, however much of it still lies in the log.
    let Some(disk) = SmallDisk::mount(192) else {
        return;
    };
    let ballast = disk.0.path().join("ballast");
    fs::write(&ballast, vec![1; 104 * 1024 * 1024]).expect("there is room at first");
    let path = disk.0.path().join("executions.db");
    let store = open(&path);
    let begun = start("one");
    store
        .commit(Arc::clone(&begun))
        .await
        .expect("there is room");
    let mut subject = Subject::of(&begun);

    let fault = fill(&store, &mut subject).await;
    assert!(fault.retryable, "{fault}: {}", fault.cause);
    assert!(fault.attempted.starts_with("commit version"), "{fault}");
    // Everything acknowledged is there, nothing of the failed one, and reading goes on.
    subject.check(&store).await;

    fs::remove_file(&ballast).expect("the ballast was there");
    for _ in 0..5 {
        let transition = step(&mut subject, Payload::from("\"small\""));
        within(store.commit(Arc::clone(&transition)))
            .await
            .expect("there is room again");
        subject.absorb(&transition);
    }
    subject.check(&store).await;
    drop(store);
    subject.check(&open(&path)).await;
}

#[tokio::test]
async fn a_disk_without_room_for_the_log_still_opens() {
    let Some(disk) = SmallDisk::mount(8) else {
        return;
    };
    let path = disk.0.path().join("executions.db");
    let store = open(&path);
    let begun = start("one");
    store
        .commit(Arc::clone(&begun))
        .await
        .expect("there is room");
    Subject::of(&begun).check(&store).await;
}

#[tokio::test]
async fn a_locked_database_fails_commits_and_goes_on_afterwards() {
    let directory = TempDir::new().expect("a directory for the test");
    let path = directory.path().join("executions.db");
    let store = open(&path);
    let begun = start("one");
    // A person in the sqlite3 shell.
    let shell = Connection::open(&path).expect("a second connection");
    shell
        .execute_batch("BEGIN IMMEDIATE")
        .expect("nobody writes");
    let first = store.commit(Arc::clone(&begun));
    let behind = store.commit(start("two"));
    for waiting in [first, behind] {
        let fault = fault(within(waiting).await);
        assert!(fault.retryable, "{fault}");
        assert_eq!(fault.cause.to_string(), "database is locked");
    }
    let nothing = store.list(ExecutionFilter::default()).await;
    assert!(nothing.expect("reading works").is_empty());
    shell.execute_batch("ROLLBACK").expect("it was open");
    store
        .commit(Arc::clone(&begun))
        .await
        .expect("the lock is gone");
    Subject::of(&begun).check(&store).await;
}

/// A write that SQLite itself refuses, in the middle of a batch that is good otherwise.
#[tokio::test]
async fn a_poisoned_write_fails_alone() {
    let directory = TempDir::new().expect("a directory for the test");
    let path = directory.path().join("executions.db");
    let store = open(&path);
    let shell = Connection::open(&path).expect("a second connection");
    shell
        .execute_batch(
            "CREATE TRIGGER poison BEFORE INSERT ON events WHEN new.operation_name = 'poison'
             BEGIN SELECT raise(ROLLBACK, 'poisoned'); END",
        )
        .expect("a trigger");
    // Held back, so that all are in one batch.
    shell.execute_batch("BEGIN IMMEDIATE").expect("free");
    let names = ["before", "poison", "after"];
    let starts = names.map(start);
    let commits = starts
        .each_ref()
        .map(|start| store.commit(Arc::clone(start)));
    shell.execute_batch("ROLLBACK").expect("it was open");
    let [before, poison, after] = commits;
    within(before).await.expect("it was first");
    let poisoned = fault(within(poison).await);
    assert!(!poisoned.retryable);
    assert!(poisoned.attempted.contains("/poison/"), "{poisoned}");
    assert_eq!(poisoned.cause.to_string(), "poisoned");
    within(after).await.expect("it has nothing to do with that");
    Subject::of(&starts[0]).check(&store).await;
    let id = &starts[1].spec.arn.id;
    assert!(store.load(id).await.expect("works").is_none());
    Subject::of(&starts[2]).check(&store).await;
    store
        .commit(start("later"))
        .await
        .expect("the writer lives");
}

#[tokio::test]
async fn a_closed_store_is_one_tidy_file() {
    let directory = TempDir::new().expect("a directory for the test");
    let path = directory.path().join("executions.db");
    // Again and again: which of its threads ends first is chance.
    for round in 0..30 {
        let store = open(&path);
        let begun = start(&format!("name-{round}"));
        store.commit(begun).await.expect("works");
        drop(store);
        let names = fs::read_dir(directory.path()).expect("readable");
        let names = names.map(|entry| entry.expect("readable").file_name());
        let logs: Vec<_> = names
            .filter(|name| name.to_string_lossy().ends_with("-wal"))
            .collect();
        assert!(logs.is_empty(), "{logs:?} after {round} rounds");
    }
}

#[tokio::test]
async fn damaged_pages_fail_calls_and_not_the_process() {
    let directory = TempDir::new().expect("a directory for the test");
    let path = directory.path().join("executions.db");
    let mut subjects = Vec::new();
    {
        let store = open(&path);
        for number in 0..40 {
            let begun = start(&format!("name-{number}"));
            store.commit(Arc::clone(&begun)).await.expect("works");
            let mut subject = Subject::of(&begun);
            for _ in 0..5 {
                let transition = step(&mut subject, Payload::from("y".repeat(600)));
                store.commit(Arc::clone(&transition)).await.expect("works");
                subject.absorb(&transition);
            }
            subjects.push(subject);
        }
    }
    // Every page but the first, which makes the file a database.
    let length = fs::metadata(&path).expect("the file").len();
    let mut file = OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("writable");
    for page in 1..length / 4096 {
        file.seek(SeekFrom::Start(page * 4096)).expect("seekable");
        file.write_all(&[0xa5; 1024]).expect("writable");
    }
    drop(file);
    let Ok(store) = SqliteStore::open(&path, Durability::Disk) else {
        return;
    };
    let mut faults = 0;
    for subject in &mut subjects {
        let id = &subject.execution.spec.arn.id;
        let page = EventPage {
            after: None,
            newest_first: false,
            limit: 10,
            bytes_max: usize::MAX,
        };
        faults += usize::from(within(store.load(id)).await.is_err());
        faults += usize::from(within(store.events(id, page)).await.is_err());
        let transition = step(subject, Payload::from("more"));
        let committed = within(store.commit(transition)).await;
        faults += usize::from(matches!(committed, Err(CommitError::Fault(_))));
    }
    assert!(faults >= subjects.len(), "{faults} faults");
    let fault = store.list(ExecutionFilter::default()).await;
    let fault = fault.expect_err("the tables are gone");
    assert!(!fault.retryable, "{fault}: {}", fault.cause);
}

#[tokio::test]
async fn records_that_contradict_each_other_fail_the_load() {
    let directory = TempDir::new().expect("a directory for the test");
    let path = directory.path().join("executions.db");
    let begun = start("one");
    {
        let store = open(&path);
        store.commit(Arc::clone(&begun)).await.expect("works");
    }
    let shell = Connection::open(&path).expect("a connection");
    shell
        .execute_batch("UPDATE execution_states SET deadline_at = deadline_at + 1")
        .expect("writable");
    drop(shell);
    let store = open(&path);
    for _ in 0..3 {
        let fault = within(store.load(&begun.spec.arn.id)).await;
        let fault = fault.expect_err("the deadline does not follow from the records");
        assert!(fault.attempted.starts_with("load execution"), "{fault}");
        assert!(!fault.retryable);
    }
    let record = store.record(&begun.spec.arn.id).await;
    assert!(record.expect("works").is_some());
}
