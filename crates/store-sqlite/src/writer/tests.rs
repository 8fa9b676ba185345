//! The writer among writes that fail, panic or are never acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use engine::Transition;
use model::Payload;
use store::conformance::Subject;
use store::{Durability, Executions, StoreTrouble};
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::*;
use crate::SqliteStore;
use crate::open::Database;
use crate::schema::EXECUTIONS;

#[path = "../../tests/support/mod.rs"]
mod support;

use support::{start, step};

/// Hands transitions to a writer as one batch and returns the answer to each.
fn write(
    path: &Path,
    transitions: &[Arc<Transition>],
    set_up: impl FnOnce(&mut Connection),
) -> (Vec<Outcome>, Option<StoreTrouble>) {
    let mut database = Database::open(path, Durability::Os, EXECUTIONS).expect("it opens");
    let copying = database.open_copier().expect("it opens");
    set_up(&mut database.writer);
    let health = Health::of(path);
    let stats = Stats::of(path);
    let queue = Queue::new(1);
    let mut writer = Writer {
        connection: &database.writer,
        statements: Statements::prepare(&database.writer).expect("a current schema"),
        known: Known::default(),
        queue: &queue,
        log_copies: LogCopies::start(path, copying).expect("a thread"),
        stats: &stats,
        health: &health,
    };
    let (mut batch, mut answers) = (Vec::new(), Vec::new());
    for transition in transitions {
        let (answer, answered) = oneshot::channel();
        let write = StoreWrite::Commit(Arc::clone(transition)).into();
        batch.push(Job { write, answer });
        answers.push(answered);
    }
    writer.write_batch(&mut batch);
    let answered = |mut answer: oneshot::Receiver<Outcome>| answer.try_recv().expect("answered");
    let outcomes = answers.into_iter().map(answered).collect();
    (outcomes, health.trouble())
}

/// Two executions, and a step of the first.
fn transitions() -> (Subject, [Arc<Transition>; 3]) {
    let first = start("first");
    let mut subject = Subject::of(&first);
    let next = step(&mut subject, Payload::from("\"done\""));
    subject.absorb(&next);
    (subject, [first, start("second"), next])
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Durability::Os).expect("it opens")
}

/// SQLite fails after it has committed: here in the work after a commit.
#[tokio::test]
async fn a_commit_that_failed_and_is_there_is_answered_as_done() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("executions.db");
    let (subject, transitions) = transitions();
    let (outcomes, _) = write(&path, &transitions, |connection| {
        let fail = |_: &mut rusqlite::hooks::Wal, _| Err(rusqlite::Error::InvalidQuery);
        connection.wal_hook(Some(fail)).expect("a hook");
    });
    for outcome in outcomes {
        assert_eq!(outcome.expect("it is there"), Written::Done);
    }
    subject.check(&open(&path)).await;
}

/// Fails so many commits, and lets the following ones be.
fn fail_commits(connection: &mut Connection, count: usize) {
    let left = AtomicUsize::new(count);
    let is_failed = move || {
        let took = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |it| it.checked_sub(1));
        took.is_ok()
    };
    connection.commit_hook(Some(is_failed)).expect("a hook");
}

#[tokio::test]
async fn a_batch_that_was_not_committed_is_committed_one_by_one() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("executions.db");
    let (subject, transitions) = transitions();
    let (outcomes, trouble) = write(&path, &transitions, |connection| {
        fail_commits(connection, 1)
    });
    for outcome in outcomes {
        assert_eq!(outcome.expect("committed"), Written::Done);
    }
    assert_eq!(trouble, None, "the last commits succeeded");
    subject.check(&open(&path)).await;
}

#[tokio::test]
async fn what_is_surely_not_there_is_known_not_to_be() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("executions.db");
    let (_, [first, second, _]) = transitions();
    let (outcomes, _) = write(&path, &[first, second], |connection| {
        // The batch, and the first alone.
        fail_commits(connection, 2);
    });
    let [first, second] = <[_; 2]>::try_from(outcomes).expect("two");
    let Err(CommitError::Fault(fault)) = first else {
        panic!("{first:?}");
    };
    assert!(!fault.outcome_unknown, "another was written over it");
    assert_eq!(second.expect("committed"), Written::Done);
}

#[tokio::test]
async fn what_may_come_to_life_is_said_to_be_unknown() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("executions.db");
    let (_, transitions) = transitions();
    let (outcomes, trouble) = write(&path, &transitions[..1], |connection| {
        fail_commits(connection, usize::MAX);
    });
    for outcome in outcomes {
        let Err(CommitError::Fault(fault)) = outcome else {
            panic!("{outcome:?}");
        };
        assert!(fault.outcome_unknown, "{fault:?}");
    }
    assert_eq!(
        trouble, None,
        "a hook is nothing that the next commit has to meet"
    );
}

#[tokio::test]
async fn a_panic_in_one_write_fails_that_one() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("executions.db");
    let (subject, [first, second, next]) = transitions();
    let mut absurd = Transition::clone(&second);
    let mut spec = model::ExecutionSpec::clone(&absurd.spec);
    spec.input = Some(Payload::from("\"another\""));
    absurd.spec = Arc::new(spec);
    let (outcomes, trouble) = write(&path, &[first, Arc::new(absurd), next], |_| {});
    let [first, absurd, next] = <[_; 3]>::try_from(outcomes).expect("three");
    first.expect("committed");
    next.expect("committed");
    let Err(CommitError::Fault(fault)) = absurd else {
        panic!("{absurd:?}");
    };
    assert!(!fault.retryable && !fault.outcome_unknown, "{fault:?}");
    let why = fault.cause.to_string();
    assert!(why.contains("carries the input"), "{why}");
    assert_eq!(trouble, None);
    let store = open(&path);
    subject.check(&store).await;
    let id = &second.spec.arn.id;
    assert!(store.load(id).await.expect("works").is_none());
}
