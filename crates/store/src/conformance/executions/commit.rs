//! Atomic, fenced, in order, each for itself.

use std::sync::Arc;

use engine::{Input, Output};
use model::{ErrorObject, ExecutionId, OperationType, Shards, UpdateAction};

use crate::conformance::subject::{Subject, spec, start_of, update};
use crate::{CommitError, EventPage, ExecutionFilter, ExecutionHead, Store};

const PAGE: EventPage = EventPage {
    after: None,
    newest_first: false,
    limit: 100,
    bytes_max: usize::MAX,
};

fn stop() -> Input {
    Input::Stop {
        error: ErrorObject::new("Stopped", "by a person"),
    }
}

pub(super) async fn unknown_executions_are_absent(store: &dyn Store) {
    let id = ExecutionId::parse("nobody").expect("a valid id");
    assert!(store.load(&id).await.expect("works").is_none());
    assert!(store.record(&id).await.expect("works").is_none());
    assert!(store.head(&id).await.expect("works").is_none());
    assert!(store.events(&id, PAGE).await.expect("works").is_empty());
    let arn = spec("Loan", "nobody", "nobody").arn;
    let found = store.head_by_name(&arn.function.name, &arn.name).await;
    assert!(found.expect("works").is_none());
    let mut subject = Subject::of(&start_of(spec("Loan", "ghost", "ghost"), 1));
    let ghost = subject.transition(stop()).expect("accepted");
    let refused = store.commit(ghost).await;
    assert!(matches!(refused, Err(CommitError::VersionConflict(_))));
}

pub(super) async fn a_start_is_read_back(store: &dyn Store) {
    let subject = Subject::start(store, spec("Loan", "one", "id-1")).await;
    subject.check(store).await;
    let arn = &subject.execution.spec.arn;
    let found = store.head_by_name(&arn.function.name, &arn.name).await;
    let expected = ExecutionHead::of(&subject.execution.spec, &subject.execution.state);
    assert_eq!(found.expect("works"), Some(expected));
}

pub(super) async fn a_second_start_of_the_same_id_is_refused(store: &dyn Store) {
    let subject = Subject::start(store, spec("Loan", "one", "id-1")).await;
    for (function, name) in [("Loan", "one"), ("Loan", "two"), ("Other", "one")] {
        let again = start_of(spec(function, name, "id-1"), 8);
        match store.commit(again).await {
            Err(CommitError::VersionConflict(id)) => assert_eq!(id, *subject.id()),
            other => panic!("{function} {name}: {other:?}"),
        }
    }
    subject.check(store).await;
}

pub(super) async fn a_name_is_taken_within_its_function_only(store: &dyn Store) {
    let first = Subject::start(store, spec("Loan", "one", "id-1")).await;
    let second = start_of(spec("Loan", "one", "id-2"), 8);
    match store.commit(second).await {
        Err(CommitError::NameTaken(arn)) => assert_eq!(*arn, first.execution.spec.arn),
        other => panic!("{other:?}"),
    }
    let id = ExecutionId::parse("id-2").expect("a valid id");
    assert!(store.load(&id).await.expect("works").is_none());
    assert!(store.events(&id, PAGE).await.expect("works").is_empty());
    Subject::start(store, spec("Fraud", "one", "id-2"))
        .await
        .check(store)
        .await;
    first.check(store).await;
}

pub(super) async fn a_stale_transition_is_refused_and_leaves_nothing(store: &dyn Store) {
    let mut subject = Subject::start(store, spec("Loan", "one", "id-1")).await;
    let step = |id| update(id, OperationType::Step, UpdateAction::Start);
    let input = subject.checkpoint(vec![step("stale")]);
    let stale = subject
        .transition(input.expect("active"))
        .expect("accepted");
    subject.apply_checkpoint(store, vec![step("fresh")]).await;
    for _ in 0..2 {
        match store.commit(Arc::clone(&stale)).await {
            Err(CommitError::VersionConflict(id)) => assert_eq!(id, *subject.id()),
            other => panic!("{other:?}"),
        }
        subject.check(store).await;
    }
    // From a version that is not there yet it is refused as well.
    let mut ahead = subject.clone();
    let skipped = ahead.transition(stop()).expect("accepted");
    ahead.absorb(&skipped);
    let input = ahead.invocation_ended(engine::InvocationOutcome::Lost);
    let early = ahead.transition(input.expect("active")).expect("accepted");
    let refused = store.commit(early).await;
    assert!(matches!(refused, Err(CommitError::VersionConflict(_))));
    subject.check(store).await;
}

pub(super) async fn a_refused_transition_leaves_its_neighbours_alone(store: &dyn Store) {
    let mut subject = Subject::start(store, spec("Loan", "one", "id-1")).await;
    let input = subject.checkpoint(vec![update(
        "step",
        OperationType::Step,
        UpdateAction::Start,
    )]);
    let good = subject
        .transition(input.expect("active"))
        .expect("accepted");
    let taken = start_of(spec("Loan", "one", "id-2"), 3);
    let other = start_of(spec("Loan", "other", "id-3"), 4);
    // Handed over at once, so that a store that groups its commits has them in one group.
    let results = [
        store.commit(Arc::clone(&good)),
        store.commit(Arc::clone(&good)),
        store.commit(taken),
        store.commit(Arc::clone(&other)),
    ];
    let [first, again, taken, last] = results;
    first.await.expect("the first is from the stored version");
    let again = again.await;
    assert!(matches!(again, Err(CommitError::VersionConflict(_))));
    assert!(matches!(taken.await, Err(CommitError::NameTaken(_))));
    last.await.expect("its id and name are free");
    subject.absorb(&good);
    subject.check(store).await;
    Subject::of(&other).check(store).await;
}

pub(super) async fn a_transition_that_changes_nothing_is_fenced(store: &dyn Store) {
    let mut subject = Subject::start(store, spec("Loan", "one", "id-1")).await;
    let nothing = subject
        .transition(Input::DeadlineReached)
        .expect("accepted");
    assert!(nothing.is_empty(), "nothing is due yet");
    store.commit(Arc::clone(&nothing)).await.expect("fresh");
    subject.check(store).await;
    subject.apply(store, stop()).await;
    let stale = store.commit(nothing).await;
    assert!(matches!(stale, Err(CommitError::VersionConflict(_))));
}

pub(super) async fn writes_that_are_not_awaited_keep_their_order(store: &dyn Store) {
    let start = start_of(spec("Loan", "one", "id-1"), 5);
    let mut subject = Subject::of(&start);
    let mut handed_over = vec![store.commit(start)];
    for number in 0..100 {
        let id = format!("step-{number}");
        let input = subject.checkpoint(vec![
            update(&id, OperationType::Step, UpdateAction::Start),
            update(&id, OperationType::Step, UpdateAction::Succeed),
        ]);
        let transition = subject
            .transition(input.expect("active"))
            .expect("accepted");
        handed_over.push(store.commit(Arc::clone(&transition)));
        subject.absorb(&transition);
    }
    // The last answer means that all are done.
    let last = handed_over.pop().expect("some were handed over");
    last.await.expect("committed in order");
    subject.check(store).await;
    for earlier in handed_over {
        earlier.await.expect("committed in order");
    }
}

pub(super) async fn a_future_that_is_dropped_does_not_undo_its_write(store: &dyn Store) {
    let start = start_of(spec("Loan", "one", "id-1"), 5);
    drop(store.commit(Arc::clone(&start)));
    let mut subject = Subject::of(&start);
    // Handed over after the dropped one, and refused unless that one is there.
    subject.apply(store, stop()).await;
}

pub(super) async fn a_removed_execution_leaves_nothing_and_frees_its_name(store: &dyn Store) {
    let mut subject = Subject::start(store, spec("Loan", "one", "id-1")).await;
    let neighbour = Subject::start(store, spec("Loan", "two", "id-2")).await;
    subject
        .end_invocation(store, Output::Succeeded(Some("\"done\"".into())))
        .await;
    let retention = subject.execution.state.next_deadline.clone();
    subject.now = retention.expect("an ended execution is kept for a time").at;
    let removal = subject
        .transition(Input::DeadlineReached)
        .expect("accepted");
    assert!(removal.removes);
    store.commit(Arc::clone(&removal)).await.expect("fresh");
    let again = store.commit(removal).await;
    assert!(matches!(again, Err(CommitError::VersionConflict(_))));

    let id = subject.id();
    assert!(store.load(id).await.expect("works").is_none());
    assert!(store.record(id).await.expect("works").is_none());
    assert!(store.events(id, PAGE).await.expect("works").is_empty());
    let arn = &subject.execution.spec.arn;
    let found = store.head_by_name(&arn.function.name, &arn.name).await;
    assert!(found.expect("works").is_none());
    let filter = ExecutionFilter {
        limit: 10,
        ..ExecutionFilter::default()
    };
    let listed = store.list(filter).await.expect("works");
    assert_eq!(listed.len(), 1);
    let due = store.deadlines(Shards::ALL, 10).await.expect("works");
    assert!(due.iter().all(|(_, due)| due != id));
    neighbour.check(store).await;

    Subject::start(store, spec("Loan", "one", "id-1"))
        .await
        .check(store)
        .await;
}
