//! The work that an earlier run left, taken up while this run serves.

use engine::Input;
use model::{ExecutionStatus, Shards};
use runtime::TriedAgain;
use store::{AsyncInvocation, InvocationQueue as _};

use crate::world::{BEGINNING, World, fault, pending, succeeded, wait};

#[tokio::test]
async fn invocations_of_an_earlier_run_are_repeated_and_those_of_this_one_are_not() {
    let world = World::new();
    let left = world.start("left").await;
    world.at_work(&["left"]).await;

    let world = world.restarted(2);
    // Clients call before the recovery, and while it runs.
    let new = world.start("new").await;
    world.at_work(&["new"]).await;
    assert_eq!(world.driver.recover().await, 1);
    world.at_work(&["left", "new"]).await;
    assert_eq!(world.functions.begun("new"), 1);
    for (name, id) in [("left", &left), ("new", &new)] {
        world.functions.end(name, succeeded());
        world.until_status(id, ExecutionStatus::Succeeded).await;
    }
    let lost = [
        "ExecutionStarted",
        "InvocationCompleted",
        "InvocationCompleted",
    ];
    assert_eq!(world.history(&left).await[..3], lost);
    assert_eq!(
        world.history(&new).await,
        [
            "ExecutionStarted",
            "InvocationCompleted",
            "ExecutionSucceeded"
        ]
    );
}

/// Timers run from the start: a due deadline is recorded, and the lost invocation's successor is told of it.
#[tokio::test]
async fn deadlines_fire_before_the_recovery_is_through() {
    let world = World::new();
    let id = world.start("waits").await;
    world.at_work(&["waits"]).await;
    world.checkpoint("waits", vec![wait("w", 5)]).await;
    let world = world.restarted(2);
    world.run_timers();
    world.advance(5);
    let mut seen = Vec::new();
    for _ in 0..10_000 {
        seen = world.history(&id).await;
        if seen.last().is_some_and(|last| last == "WaitSucceeded") {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(seen, ["ExecutionStarted", "WaitStarted", "WaitSucceeded"]);
    world.driver.recover().await;
    world.at_work(&["waits"]).await;
}

#[tokio::test]
async fn accepted_invocations_are_taken_up_once() {
    let world = World::new();
    world.functions.set_concurrency(1);
    for payload in ["1", "2", "3"] {
        world
            .driver
            .enqueue(invocation(payload))
            .await
            .expect("accepted");
    }
    let begun = |world: &World| world.functions.plain_begun();
    world
        .until("the first runs", begun, |begun| begun == &["1"])
        .await;

    let world = world.restarted(2);
    world.functions.set_concurrency(1);
    world
        .driver
        .enqueue(invocation("4"))
        .await
        .expect("accepted");
    world.driver.recover().await;
    assert_eq!(world.driver.queued_count(), 4);
    // The new one was first; the waiting ones are in order.
    for (number, payload) in ["4", "1", "2", "3"].into_iter().enumerate() {
        world
            .until("the next runs", begun, |begun| begun.len() == number + 1)
            .await;
        assert_eq!(world.functions.plain_begun()[number], payload);
        world
            .functions
            .end_plain(runtime::PlainOutcome::Succeeded(Vec::new()));
    }
    world
        .until(
            "all are done",
            |world| world.driver.queued_count(),
            |count| *count == 0,
        )
        .await;
    assert_eq!(
        world
            .store
            .queued(Shards::ALL, None, 10)
            .await
            .expect("works"),
        []
    );
}

fn invocation(payload: &str) -> AsyncInvocation {
    AsyncInvocation {
        request_id: model::RequestId::parse(&format!("request-{payload}")).expect("a valid id"),
        function: model::FunctionName::parse("Plain").expect("a valid name"),
        version: model::Version::Latest,
        invoked_arn: "arn:aws:lambda:us-east-1:000000000000:function:Plain".to_owned(),
        payload: payload.as_bytes().to_vec(),
        client_context: None,
        trace_header: None,
        tenant_id: None,
        accepted_at: BEGINNING,
        attempts: 0,
        not_before: BEGINNING,
    }
}

/// A store that fails does not end the recovery, and one that works again goes on with it.
#[tokio::test]
async fn recovery_waits_for_a_store_that_fails() {
    let fails = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let told = std::sync::Arc::clone(&fails);
    let world = World::failing(move |attempted| {
        let fails = told.load(std::sync::atomic::Ordering::SeqCst);
        (fails && attempted == "read what is owed").then(|| fault(attempted, true))
    });
    let id = world.start("left").await;
    world.at_work(&["left"]).await;
    fails.store(true, std::sync::atomic::Ordering::SeqCst);
    let world = world.restarted(2);
    let driver = world.driver.clone();
    let recovery = tokio::spawn(async move { driver.recover().await });
    world.advance(1);
    tokio::task::yield_now().await;
    assert!(!recovery.is_finished());
    fails.store(false, std::sync::atomic::Ordering::SeqCst);
    world
        .until(
            "it has recovered",
            |world| {
                world.advance(1);
                world.functions.at_work()
            },
            |at_work| at_work == &["left"],
        )
        .await;
    assert_eq!(recovery.await.expect("it ends"), 1);
    world.functions.end("left", succeeded());
    world.until_status(&id, ExecutionStatus::Succeeded).await;
}

#[tokio::test]
async fn nobody_is_tried_again_who_is_not_set_aside() {
    let world = World::new();
    let id = world.start("fine").await;
    world.at_work(&["fine"]).await;
    world.functions.end("fine", pending());
    let tried = world.driver.try_again(&id).await.expect("works");
    assert_eq!(tried, TriedAgain::Unknown);
    let refused = world.driver.process(&id, Input::Delete).await;
    assert!(refused.is_err(), "it runs");
}
