//! One bad thing stays one: stores that fail, executions that cannot be worked on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use engine::Input;
use model::{ExecutionId, ExecutionStatus};
use runtime::{ProcessError, StartError, TriedAgain};
use store::StoreFault;

use crate::world::{World, fault, request, stop, succeeded, wait};

/// The store's fault for one execution, for attempts with this text.
#[derive(Default)]
struct Trouble {
    with: Option<(String, ExecutionId, bool)>,
    outcome_unknown: bool,
}

impl Trouble {
    fn fault(&self, attempted: &str) -> Option<StoreFault> {
        let (part, id, retryable) = self.with.as_ref()?;
        let concerned = attempted.starts_with(part.as_str()) && attempted.contains(id.as_str());
        concerned.then(|| {
            let fault = fault(attempted, *retryable);
            if self.outcome_unknown {
                fault.with_outcome_unknown()
            } else {
                fault
            }
        })
    }
}

fn troubled() -> (World, Arc<Mutex<Trouble>>) {
    let trouble = Arc::new(Mutex::new(Trouble::default()));
    let told = Arc::clone(&trouble);
    let world =
        World::failing(move |attempted| told.lock().expect("no test panics here").fault(attempted));
    (world, trouble)
}

fn set(trouble: &Mutex<Trouble>, part: &str, id: &ExecutionId, retryable: bool) {
    let with = Some((part.to_owned(), id.clone(), retryable));
    trouble.lock().expect("no test panics here").with = with;
}

#[tokio::test]
async fn an_execution_that_cannot_be_read_is_set_aside_and_the_others_go_on() {
    let (world, trouble) = troubled();
    let bad = world.start("bad").await;
    let good = world.start("good").await;
    world.at_work(&["bad", "good"]).await;
    let world = world.restarted(2);
    set(&trouble, "load", &bad, false);
    world.driver.recover().await;
    world.at_work(&["good"]).await;
    world.functions.end("good", succeeded());
    world.until_status(&good, ExecutionStatus::Succeeded).await;

    let aside = world.driver.executions_set_aside();
    assert_eq!(aside.len(), 1);
    assert_eq!(
        (&aside[0].execution_id, aside[0].attempted.as_str()),
        (&bad, "go on with it")
    );
    assert!(
        aside[0].reason.ends_with("told to fail"),
        "{}",
        aside[0].reason
    );
    let refused = world.driver.process(&bad, stop()).await;
    assert!(
        matches!(refused, Err(ProcessError::SetAside { .. })),
        "{refused:?}"
    );

    // The next run leaves it alone too, until it is tried again: in vain at first, then with success.
    let world = world.restarted(3);
    assert_eq!(world.driver.recover().await, 0);
    assert_eq!(world.driver.set_aside_count(), 1);
    let tried = world.driver.try_again(&bad).await.expect("works");
    assert!(matches!(tried, TriedAgain::SetAside(_)), "{tried:?}");
    trouble.lock().expect("no test panics here").with = None;
    let tried = world.driver.try_again(&bad).await.expect("works");
    assert_eq!(tried, TriedAgain::TakenBack);
    world.at_work(&["bad"]).await;
    world.functions.end("bad", succeeded());
    world.until_status(&bad, ExecutionStatus::Succeeded).await;
    assert_eq!(world.driver.set_aside_count(), 0);
}

/// The commit landed and its acknowledgement was lost: the caller is told that it landed, and the function is invoked.
#[tokio::test]
async fn a_commit_that_landed_counts_although_it_was_not_acknowledged() {
    let (world, trouble) = troubled();
    let id = world.start("left").await;
    world.at_work(&["left"]).await;
    set(&trouble, "acknowledge the commit", &id, true);
    trouble.lock().expect("no test panics here").outcome_unknown = true;
    world.checkpoint("left", vec![wait("w", 5)]).await;
    world.functions.end("left", succeeded());
    world.until_status(&id, ExecutionStatus::Succeeded).await;
}

#[tokio::test]
async fn a_start_that_landed_runs_although_it_was_not_acknowledged() {
    let unknown = |attempted: &str| {
        let acknowledges = attempted.starts_with("acknowledge the commit");
        acknowledges.then(|| fault(attempted, true).with_outcome_unknown())
    };
    let world = World::failing(unknown);
    let id = world.start("new").await;
    world.at_work(&["new"]).await;
    world.functions.end("new", succeeded());
    world.until_status(&id, ExecutionStatus::Succeeded).await;
}

/// Even reading the landed version fails: the caller is told of the fault, and the commit's effects run once the store
/// answers.
#[tokio::test]
async fn a_start_whose_outcome_nobody_knows_runs_once_the_store_answers() {
    let silent = Arc::new(AtomicBool::new(true));
    let told = Arc::clone(&silent);
    let world = World::failing(move |attempted| {
        let fails =
            attempted.starts_with("acknowledge the commit") || attempted.starts_with("load");
        let fails = fails && told.load(Ordering::SeqCst);
        fails.then(|| fault(attempted, true).with_outcome_unknown())
    });
    let started = world.driver.start(request("new")).await;
    assert!(matches!(started, Err(StartError::Fault(_))), "{started:?}");
    assert_eq!(world.functions.begun("new"), 0);
    silent.store(false, Ordering::SeqCst);
    world
        .until(
            "it runs",
            |world| {
                world.advance(1);
                world.functions.at_work()
            },
            |at_work| at_work == &["new"],
        )
        .await;
    assert_eq!(world.functions.begun("new"), 1);
}

/// A start that did not land runs nothing, and may be tried again.
#[tokio::test]
async fn a_start_that_failed_leaves_nothing() {
    let fails = Arc::new(AtomicBool::new(true));
    let told = Arc::clone(&fails);
    let world = World::failing(move |attempted| {
        let fails = attempted.starts_with("commit") && told.load(Ordering::SeqCst);
        fails.then(|| fault(attempted, true).with_outcome_unknown())
    });
    let started = world.driver.start(request("new")).await;
    assert!(matches!(started, Err(StartError::Fault(_))), "{started:?}");
    fails.store(false, Ordering::SeqCst);
    world.start("new").await;
    world.at_work(&["new"]).await;
    assert_eq!(world.functions.begun("new"), 1);
}

/// The end of an invocation that the store does not take for a while is recorded in the end, once.
#[tokio::test]
async fn an_end_is_recorded_once_the_store_takes_it() {
    let (world, trouble) = troubled();
    let id = world.start("left").await;
    world.at_work(&["left"]).await;
    set(&trouble, "commit", &id, true);
    world.functions.end("left", succeeded());
    for _ in 0..5 {
        world.advance(10);
        tokio::task::yield_now().await;
    }
    assert_eq!(world.status(&id).await, ExecutionStatus::Running);
    trouble.lock().expect("no test panics here").with = None;
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while world.status(&id).await == ExecutionStatus::Running {
        assert!(std::time::Instant::now() < limit, "it is not recorded");
        world.advance(10);
        tokio::task::yield_now().await;
    }
    assert_eq!(
        world.history(&id).await,
        [
            "ExecutionStarted",
            "InvocationCompleted",
            "ExecutionSucceeded"
        ]
    );
}

/// Callers who wait for an end are told of it when the commit that ends it was not acknowledged.
#[tokio::test]
async fn waiting_callers_are_told_of_an_end_that_was_not_acknowledged() {
    let (world, trouble) = troubled();
    let id = world.start("left").await;
    world.at_work(&["left"]).await;
    let (driver, waited) = (world.driver.clone(), id.clone());
    let waiter = tokio::spawn(async move { driver.wait_ended(&waited).await });
    tokio::task::yield_now().await;
    set(&trouble, "acknowledge the commit", &id, true);
    trouble.lock().expect("no test panics here").outcome_unknown = true;
    world.functions.end("left", succeeded());
    let record = waiter
        .await
        .expect("it ends")
        .expect("works")
        .expect("it is there");
    assert_eq!(record.state.status(), ExecutionStatus::Succeeded);
}

#[tokio::test]
async fn an_input_for_nobody_is_refused_and_sets_nothing_aside() {
    let world = World::new();
    let nobody = ExecutionId::parse("nobody").expect("a valid id");
    let refused = world.driver.process(&nobody, Input::DeadlineReached).await;
    assert!(
        matches!(refused, Err(ProcessError::UnknownExecution(_))),
        "{refused:?}"
    );
    assert_eq!(world.driver.set_aside_count(), 0);
}
