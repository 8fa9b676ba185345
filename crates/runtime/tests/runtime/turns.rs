//! Invocations that wait for a process: backlogs, shortage, and turns that are called off meanwhile.

use engine::{Input, InvocationOutcome};
use model::{
    ChainedInvoke, ChainedTarget, ExecutionStatus, FunctionName, OperationType, OperationUpdate,
    Shards, Version,
};
use runtime::PlainOutcome;
use store::Work as _;

use crate::world::{World, pending, stop, succeeded, update, wait};

#[tokio::test]
async fn a_backlog_runs_in_order_and_all_of_it_succeeds() {
    let world = World::new();
    world.functions.set_concurrency(2);
    let mut ids = Vec::new();
    for number in 0..20 {
        ids.push(world.start(&format!("n-{number:02}")).await);
    }
    for number in (0..20).step_by(2) {
        let names = [format!("n-{number:02}"), format!("n-{:02}", number + 1)];
        world.at_work(&[&names[0], &names[1]]).await;
        assert_eq!(world.driver.waiting_count(), 18 - number);
        for name in &names {
            world.functions.end(name, succeeded());
        }
    }
    for id in &ids {
        world.until_status(id, ExecutionStatus::Succeeded).await;
        assert_eq!(
            world.history(id).await,
            [
                "ExecutionStarted",
                "InvocationCompleted",
                "ExecutionSucceeded"
            ]
        );
    }
}

/// A waiting invocation is a name: the executions themselves are not in memory.
#[tokio::test]
async fn what_waits_holds_no_execution_in_memory() {
    let world = World::new();
    world.functions.set_concurrency(1);
    for number in 0..50 {
        world.start(&format!("n-{number:02}")).await;
    }
    world
        .until(
            "one is resident",
            |world| world.driver.resident_count(),
            |resident| *resident == 1,
        )
        .await;
    assert_eq!(world.driver.waiting_count(), 49);
}

#[tokio::test]
async fn a_shortage_of_ours_leaves_no_trace_in_the_history() {
    let world = World::new();
    world.functions.set_no_room(true);
    let id = world.start("short").await;
    for turned_away in 1..6 {
        world
            .until(
                "it is turned away",
                |world| world.functions.turned_away(),
                |seen| *seen == turned_away,
            )
            .await;
        world.advance(10);
    }
    world.functions.set_no_room(false);
    world.advance(10);
    world.at_work(&["short"]).await;
    world.functions.end("short", succeeded());
    world.until_status(&id, ExecutionStatus::Succeeded).await;
    assert_eq!(
        world.history(&id).await,
        [
            "ExecutionStarted",
            "InvocationCompleted",
            "ExecutionSucceeded"
        ]
    );
}

/// Room that is noticed ends the rest at once: the clock stands still here.
#[tokio::test]
async fn room_that_is_noticed_ends_the_rest() {
    let world = World::new();
    world.functions.set_no_room(true);
    world.start("short").await;
    world
        .until(
            "it is turned away",
            |world| world.functions.turned_away(),
            |seen| *seen == 1,
        )
        .await;
    world.functions.set_no_room(false);
    world
        .until(
            "it is at work",
            |world| {
                world.functions.notice_room();
                world.functions.at_work()
            },
            |at_work| at_work == &["short"],
        )
        .await;
}

#[tokio::test]
async fn an_execution_that_is_stopped_while_it_waits_never_runs() {
    let world = World::new();
    world.functions.set_concurrency(1);
    world.start("first").await;
    let stopped = world.start("second").await;
    let third = world.start("third").await;
    world.at_work(&["first"]).await;
    world
        .driver
        .process(&stopped, stop())
        .await
        .expect("it is stopped");
    world.functions.end("first", succeeded());
    world.at_work(&["third"]).await;
    world.functions.end("third", succeeded());
    world.until_status(&third, ExecutionStatus::Succeeded).await;
    assert_eq!(world.functions.begun("second"), 0);
    assert_eq!(
        world.history(&stopped).await,
        ["ExecutionStarted", "ExecutionStopped"]
    );
    // Nothing is owed to it after a restart.
    let owner = model::Owner(u64::MAX);
    assert_eq!(
        world
            .store
            .owing_work(owner, Shards::ALL)
            .await
            .expect("works"),
        []
    );
}

/// Its turn has come, and no process has it yet.
#[tokio::test]
async fn an_execution_that_is_stopped_while_a_process_starts_for_it_is_called_off() {
    let world = World::new();
    world.functions.set_starts_slowly();
    let stopped = world.start("first").await;
    world.at_work(&["first"]).await;
    world
        .driver
        .process(&stopped, stop())
        .await
        .expect("it is stopped");
    world
        .until(
            "nothing is at work for it",
            |world| world.driver.resident_count(),
            |residents| *residents == 0,
        )
        .await;
    assert_eq!(
        world.history(&stopped).await,
        ["ExecutionStarted", "ExecutionStopped"]
    );
}

#[tokio::test]
async fn an_execution_that_times_out_while_it_waits_never_runs() {
    let world = World::new();
    world.run_timers();
    world.functions.set_concurrency(1);
    world.start("first").await;
    let second = world.start("second").await;
    world.at_work(&["first"]).await;
    world.advance(3_600);
    world.until_status(&second, ExecutionStatus::TimedOut).await;
    world.functions.end("first", succeeded());
    world
        .until(
            "nothing waits",
            |world| world.driver.waiting_count(),
            |waiting| *waiting == 0,
        )
        .await;
    assert_eq!(world.functions.begun("second"), 0);
}

/// A pause of an execution that waits for its turn takes effect at once, and the resume gives it a turn again.
#[tokio::test]
async fn an_execution_that_is_paused_while_it_waits_runs_after_the_resume() {
    let world = World::new();
    world.functions.set_concurrency(1);
    world.start("first").await;
    let second = world.start("second").await;
    let pause = Input::Pause {
        reason: None,
        execution_timeout_paused: true,
        client_token: None,
    };
    world
        .driver
        .process(&second, pause)
        .await
        .expect("it is paused");
    world.until_status(&second, ExecutionStatus::Paused).await;
    world.functions.end("first", succeeded());
    let resume = Input::Resume {
        reason: None,
        client_token: None,
    };
    world
        .driver
        .process(&second, resume)
        .await
        .expect("it is resumed");
    world.at_work(&["second"]).await;
    assert_eq!(world.functions.begun("second"), 1);
    world.functions.end("second", succeeded());
    world
        .until_status(&second, ExecutionStatus::Succeeded)
        .await;
}

/// The function itself goes on where it was: a suspended execution gives its place to the next.
#[tokio::test]
async fn a_suspended_execution_gives_its_place_away() {
    let world = World::new();
    world.run_timers();
    world.functions.set_concurrency(1);
    let first = world.start("first").await;
    world.start("second").await;
    world.at_work(&["first"]).await;
    world.checkpoint("first", vec![wait("w", 5)]).await;
    world.functions.end("first", pending());
    world.at_work(&["second"]).await;
    world.advance(5);
    world
        .until(
            "the first waits",
            |world| world.driver.waiting_count(),
            |waiting| *waiting == 1,
        )
        .await;
    world.functions.end("second", succeeded());
    world.at_work(&["first"]).await;
    world.functions.end("first", succeeded());
    world.until_status(&first, ExecutionStatus::Succeeded).await;
}

pub fn chained(id: &str) -> OperationUpdate {
    let target = ChainedTarget::Plain {
        function: FunctionName::parse("Fraud").expect("a valid name"),
        version: Version::Latest,
    };
    OperationUpdate {
        payload: Some("\"check\"".into()),
        chained_invoke: Some(ChainedInvoke {
            function_name: "Fraud".to_owned(),
            tenant_id: None,
            trace_header: None,
            target: Ok(target),
        }),
        ..update(id, OperationType::ChainedInvoke)
    }
}

#[tokio::test]
async fn a_chained_invoke_that_finds_no_room_is_tried_again() {
    let world = World::new();
    let id = world.start("parent").await;
    world.at_work(&["parent"]).await;
    world.checkpoint("parent", vec![chained("fraud")]).await;
    world.functions.end("parent", pending());
    let begun = |world: &World| world.functions.plain_begun().len();
    world
        .until("it is called", begun, |calls| *calls == 1)
        .await;
    let error = model::ErrorObject::new("TooManyRequestsException", "Rate Exceeded.");
    world.functions.end_plain(PlainOutcome::Throttled(error));
    world
        .until(
            "it is called again",
            |world| {
                world.advance(1);
                begun(world)
            },
            |calls| *calls == 2,
        )
        .await;
    assert_eq!(world.functions.plain_begun(), ["\"check\""; 2]);
    world
        .functions
        .end_plain(PlainOutcome::Succeeded(b"\"fine\"".to_vec()));
    world.at_work(&["parent"]).await;
    world.functions.end("parent", succeeded());
    world.until_status(&id, ExecutionStatus::Succeeded).await;
}

/// A function that panics while it is run is set aside, and its place is free.
#[tokio::test]
async fn a_panic_of_the_runner_concerns_one_execution() {
    let world = World::new();
    world.functions.set_concurrency(1);
    world.functions.set_panics();
    let id = world.start("panics").await;
    world
        .until(
            "it is set aside",
            |world| world.driver.executions_set_aside(),
            |aside| aside.iter().any(|record| record.execution_id == id),
        )
        .await;
    let aside = world.driver.executions_set_aside();
    assert_eq!(aside[0].reason, "panicked: told to panic");
    assert_eq!(world.driver.waiting_count(), 0);
}

/// Timeouts are repeated for as long as the execution may run; nothing of it is given up.
#[tokio::test]
async fn a_function_that_always_times_out_is_repeated_until_the_execution_times_out() {
    let world = World::new();
    world.run_timers();
    let id = world.start("slow").await;
    for number in 1..20 {
        world.at_work(&["slow"]).await;
        assert_eq!(world.functions.begun("slow"), number);
        let error = model::ErrorObject::new("Sandbox.Timedout", "Task timed out");
        world
            .functions
            .end("slow", InvocationOutcome::Interrupted(error));
        world
            .until(
                "it is repeated",
                |world| {
                    world.advance(1);
                    world.functions.begun("slow")
                },
                |begun| *begun == number + 1,
            )
            .await;
    }
    world.advance(3_600);
    world.until_status(&id, ExecutionStatus::TimedOut).await;
}
