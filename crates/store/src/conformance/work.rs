//! Due deadlines, owed work, executions set aside, versions still needed.

use engine::{ChainedOutcome, Input, Output};
use model::{
    ChainedInvoke, ChainedTarget, ExecutionId, FunctionName, OperationId, OperationType,
    OperationUpdate, Owner, Shard, Shards, UpdateAction, Version,
};

use super::Suite;
use super::queue::invocation;
use super::subject::{BEGINNING, OWNER, Subject, spec, update};
use crate::{SetAside, Store};

/// The promises of [`Work`](crate::Work).
pub const WORK: Suite<dyn Store> = suite![work:
    deadlines_come_soonest_first,
    what_has_ended_wakes_nobody,
    executions_that_owe_work_are_found_oldest_first,
    executions_that_are_set_aside_are_left_alone_until_taken_back,
    versions_are_needed_as_long_as_something_is_open,
    work_is_read_by_shard,
];

fn function(name: &str) -> FunctionName {
    FunctionName::parse(name).expect("a valid name")
}

/// The start of a chained invoke.
fn chained(id: &str, target: ChainedTarget) -> OperationUpdate {
    OperationUpdate {
        chained_invoke: Some(ChainedInvoke {
            function_name: "Fraud".to_owned(),
            tenant_id: None,
            trace_header: None,
            target: Ok(target),
        }),
        ..update(id, OperationType::ChainedInvoke, UpdateAction::Start)
    }
}

/// The end of a chained invoke.
fn chained_ended(id: &str) -> Input {
    Input::ChainedInvokeEnded {
        operation_id: OperationId::parse(id).expect("a valid id"),
        outcome: ChainedOutcome::Succeeded(None),
    }
}

/// Starts an execution that suspends in a wait.
async fn waiting(store: &dyn Store, name: &str, seconds: u32) -> Subject {
    let mut subject = Subject::start(store, spec("Loan", name, name)).await;
    let wait = OperationUpdate {
        wait_seconds: Some(seconds),
        ..update("wait", OperationType::Wait, UpdateAction::Start)
    };
    subject.apply_checkpoint(store, vec![wait]).await;
    subject.end_invocation(store, Output::Pending).await;
    subject
}

async fn deadlines_come_soonest_first(store: &dyn Store) {
    let mut subjects = Vec::new();
    for (number, seconds) in [50, 10, 30, 20, 40].into_iter().enumerate() {
        subjects.push(waiting(store, &format!("id-{number}"), seconds).await);
    }
    // One that is not suspended has its execution timeout.
    subjects.push(Subject::start(store, spec("Loan", "runs", "id-9")).await);
    let expected = |subjects: &[Subject]| {
        let due = |subject: &Subject| {
            let next = subject.execution.state.next_deadline.as_ref();
            let at = next.expect("each has one").at;
            (at, subject.id().clone())
        };
        let mut expected: Vec<_> = subjects.iter().map(due).collect();
        expected.sort();
        expected
    };
    let due = store.deadlines(Shards::ALL, 100).await.expect("works");
    assert_eq!(due, expected(&subjects));
    assert_eq!(
        store.deadlines(Shards::ALL, 2).await.expect("works"),
        expected(&subjects)[..2]
    );
    // A deadline that was reached gives way to the next one.
    subjects[1].reach_deadline(store).await;
    let due = store.deadlines(Shards::ALL, 100).await.expect("works");
    assert_eq!(due, expected(&subjects));
    assert_eq!(due.len(), 6);
}

async fn what_has_ended_wakes_nobody(store: &dyn Store) {
    let later = waiting(store, "id-later", 50).await;
    let mut ended = Subject::start(store, spec("Loan", "ends", "id-ended")).await;
    let sooner = waiting(store, "id-sooner", 10).await;
    let due = |subject: &Subject| {
        let next = subject.execution.state.next_deadline.as_ref();
        (next.expect("each has one").at, subject.id().clone())
    };
    ended.end_invocation(store, Output::Succeeded(None)).await;
    let all = [due(&sooner), due(&later), due(&ended)];
    assert_eq!(store.deadlines(Shards::ALL, 10).await.expect("works"), all);
    let waking = store
        .waking_deadlines(Shards::ALL, 10)
        .await
        .expect("works");
    assert_eq!(waking, all[..2]);
    let waking = store.waking_deadlines(Shards::ALL, 1).await.expect("works");
    assert_eq!(waking, all[..1]);
}

async fn owing(store: &dyn Store, owner: Owner) -> Vec<String> {
    let owing = store.owing_work(owner, Shards::ALL).await.expect("works");
    owing.iter().map(ToString::to_string).collect()
}

/// A run that none of the executions belongs to.
const ANOTHER: Owner = Owner(u64::MAX);

async fn executions_that_owe_work_are_found_oldest_first(store: &dyn Store) {
    let mut active = Subject::start(store, spec("Loan", "c", "id-c")).await;
    Subject::start(store, spec("Loan", "a", "id-a")).await;
    let mut suspended = waiting(store, "id-b", 10).await;
    // Suspended, but the function that it invoked has to be brought to an end.
    let mut chaining = Subject::start(store, spec("Loan", "d", "id-d")).await;
    let target = ChainedTarget::Plain {
        function: function("Fraud"),
        version: Version::Latest,
    };
    let updates = vec![chained("invoke", target)];
    chaining.apply_checkpoint(store, updates).await;
    chaining.end_invocation(store, Output::Pending).await;
    assert_eq!(owing(store, ANOTHER).await, ["id-c", "id-a", "id-d"]);
    // Its own invocations are not lost; its chained invokes may have been.
    assert_eq!(owing(store, OWNER).await, ["id-d"]);
    active.end_invocation(store, Output::Succeeded(None)).await;
    suspended.reach_deadline(store).await;
    assert_eq!(owing(store, ANOTHER).await, ["id-a", "id-b", "id-d"]);
    chaining.apply(store, chained_ended("invoke")).await;
    chaining
        .end_invocation(store, Output::Succeeded(None))
        .await;
    assert_eq!(owing(store, ANOTHER).await, ["id-a", "id-b"]);
    assert_eq!(owing(store, OWNER).await, [""; 0]);
}

async fn executions_that_are_set_aside_are_left_alone_until_taken_back(store: &dyn Store) {
    let runs = Subject::start(store, spec("Loan", "a", "id-a")).await;
    let waits = waiting(store, "id-b", 10).await;
    let other = waiting(store, "id-c", 20).await;
    let aside = |subject: &Subject, reason: &str| SetAside {
        execution_id: subject.id().clone(),
        set_aside_at: BEGINNING,
        attempted: "fire a deadline".to_owned(),
        reason: reason.to_owned(),
    };
    store
        .set_aside(aside(&waits, "first"))
        .await
        .expect("works");
    store
        .set_aside(aside(&waits, "second"))
        .await
        .expect("works");
    store.set_aside(aside(&runs, "lost")).await.expect("works");
    assert_eq!(
        store.executions_set_aside().await.expect("works"),
        [aside(&runs, "lost"), aside(&waits, "second")]
    );
    let due = store.deadlines(Shards::ALL, 1).await.expect("works");
    assert_eq!(due.first().map(|(_, id)| id), Some(other.id()));
    assert_eq!(owing(store, ANOTHER).await, [""; 0]);

    store.take_back(waits.id()).await.expect("works");
    store.take_back(waits.id()).await.expect("works");
    let due = store.deadlines(Shards::ALL, 1).await.expect("works");
    assert_eq!(due.first().map(|(_, id)| id), Some(waits.id()));
    store.take_back(runs.id()).await.expect("works");
    assert_eq!(owing(store, ANOTHER).await, ["id-a"]);
    assert!(
        store
            .executions_set_aside()
            .await
            .expect("works")
            .is_empty()
    );
}

async fn work_is_read_by_shard(store: &dyn Store) {
    let mut ids = Vec::new();
    for (number, id) in ["one-00", "two-00", "three-7f", "four-ff"]
        .iter()
        .enumerate()
    {
        let name = format!("n{number}");
        ids.push(Subject::start(store, spec("Loan", &name, id)).await);
    }
    let texts = |ids: Vec<ExecutionId>| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    for (shards, expected) in [
        (vec![0x00], vec!["one-00", "two-00"]),
        (vec![0x7f, 0xff], vec!["three-7f", "four-ff"]),
        (vec![0x01], vec![]),
    ] {
        let of: Shards = shards.into_iter().map(Shard).collect();
        let owing = store.owing_work(ANOTHER, of).await.expect("works");
        assert_eq!(texts(owing), expected);
        let due = store.deadlines(of, 10).await.expect("works");
        let mut due = texts(due.into_iter().map(|(_, id)| id).collect());
        let waking = store.waking_deadlines(of, 10).await.expect("works");
        let mut waking = texts(waking.into_iter().map(|(_, id)| id).collect());
        // They are due at the same time: in order of id.
        assert!(due.is_sorted() && waking.is_sorted());
        let mut expected = expected;
        expected.sort_unstable();
        due.sort_unstable();
        waking.sort_unstable();
        assert_eq!((due, waking), (texts_of(&expected), texts_of(&expected)));
    }
    // A page is full although others come before.
    let of = Shards::from_iter([Shard(0xff), Shard(0x7f)]);
    assert_eq!(store.deadlines(of, 2).await.expect("works").len(), 2);
}

fn texts_of(ids: &[&str]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

async fn versions_are_needed_as_long_as_something_is_open(store: &dyn Store) {
    let needed = async || {
        let versions = store.versions_needed().await.expect("works");
        let mut texts: Vec<_> = versions
            .into_iter()
            .map(|(function, version)| format!("{function}:{version}"))
            .collect();
        texts.sort();
        texts
    };
    assert_eq!(needed().await, [""; 0]);

    let mut first = Subject::start(store, spec("Loan", "a", "id-a")).await;
    let mut second = Subject::start(store, spec("Loan", "b", "id-b")).await;
    assert_eq!(needed().await, ["Loan:1"]);

    let plain = ChainedTarget::Plain {
        function: function("Fraud"),
        version: Version::Published(7),
    };
    let durable = ChainedTarget::Durable {
        function: function("Audit"),
        version: Version::Latest,
        execution_id: ExecutionId::parse("child").expect("a valid id"),
    };
    let updates = vec![chained("plain", plain), chained("durable", durable)];
    first.apply_checkpoint(store, updates).await;
    assert_eq!(needed().await, ["Audit:$LATEST", "Fraud:7", "Loan:1"]);
    first.apply(store, chained_ended("plain")).await;
    assert_eq!(needed().await, ["Audit:$LATEST", "Loan:1"]);

    // The chained invokes of an ended execution need no version.
    first.end_invocation(store, Output::Succeeded(None)).await;
    assert_eq!(needed().await, ["Loan:1"]);
    second.end_invocation(store, Output::Succeeded(None)).await;
    assert_eq!(needed().await, [""; 0]);

    let id = store.enqueue(invocation("r1", b"{}")).await;
    let id = id.expect("works");
    assert_eq!(needed().await, ["Fraud:3"]);
    store.dequeue(id).await.expect("works");
    assert_eq!(needed().await, [""; 0]);
}
