//! Handlers run to their ends, with callbacks answered by rules and by hand, and the results that a test can inspect.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lambdura::{BoxError, CallbackId, DurableContext, RetryStrategy, StepContext};
use lambdura_testing::{
    DurableTestRunner, LambdaEvent, OperationType, RunStatus, callback, days, hours, minutes,
};
use serde_json::{Value, json};

/// Asks a manager, and takes a day off before it charges.
async fn order(amount: u32, ctx: DurableContext) -> Result<Value, BoxError> {
    tracing::info!(amount, "an order");
    let reserved = ctx.step(|_: StepContext| async { Ok::<_, BoxError>("r-1".to_owned()) });
    let reserved = reserved.name("reserve").await?;
    let submit = |_: CallbackId, _: StepContext| async { Ok::<_, BoxError>(()) };
    let approved: bool = ctx
        .wait_for_callback("manager", submit)
        .timeout(days(7))
        .await?;
    ctx.wait(days(1)).name("day off").await?;
    tracing::info!("charging");
    Ok(json!({ "approved": approved, "reserved": reserved }))
}

#[tokio::test]
async fn days_pass_at_once_and_exactly() {
    let runner = DurableTestRunner::builder("order", order)
        .answer(callback("manager").after(days(3)).succeeds(&true))
        .starts_at("2027-01-31T08:00:00Z")
        .open()
        .await
        .expect("it opens");
    let run = runner.run(&25).await.expect("it runs");
    assert_eq!(run.result::<Value>().expect("a result")["approved"], true);
    assert_eq!(run.took(), days(4));
    assert_eq!(run.ended_at(), Some(run.started_at() + days(4)));
    let expected = "\
order SUCCEEDED +4d
  Step reserve SUCCEEDED +0s
  WaitForCallback manager SUCCEEDED +0s to +3d
    Callback manager create callback id SUCCEEDED +0s to +3d
    Step manager submitter SUCCEEDED +0s
  Wait day off SUCCEEDED +3d to +4d
";
    assert_eq!(run.tree().to_string(), expected);
    assert_eq!(run.unused_answers(), [] as [&str; 0]);

    let reserve = run.operation("reserve");
    assert_eq!(reserve.r#type, OperationType::Step);
    assert_eq!(reserve.result::<String>().expect("a result"), "r-1");
    assert_eq!(reserve.attempts, 1);
    let manager = run.operation("manager");
    assert_eq!(run.children(manager).count(), 2);
    let submitter = run.operation("manager submitter");
    assert_eq!(
        run.parent(submitter).map(|it| it.name.as_deref()),
        Some(Some("manager"))
    );
}

#[tokio::test]
async fn one_line_runs_a_handler() {
    let run = lambdura_testing::run(
        |name: String, ctx: DurableContext| async move {
            ctx.wait(days(365)).await?;
            Ok::<_, BoxError>(format!("hello {name}"))
        },
        "Ada",
    )
    .await;
    assert_eq!(run.result::<String>().expect("a result"), "hello Ada");
    assert_eq!(run.took(), days(365));
}

#[tokio::test]
async fn lines_that_a_replay_logs_again_are_told_apart() {
    let runner = DurableTestRunner::builder("order", order)
        .answer(callback("man*").succeeds(&true))
        .open()
        .await
        .expect("it opens");
    let run = runner.run(&25).await.expect("it runs");
    let live: Vec<_> = run.logs().iter().filter(|line| !line.replayed).collect();
    let live: Vec<_> = live.iter().map(ToString::to_string).collect();
    assert_eq!(live, ["INFO an order amount=25", "INFO charging"]);
    let again = run.logs().iter().filter(|line| line.replayed);
    assert!(again.clone().count() >= 1, "it was replayed");
    assert!(again.clone().all(|line| line.message == "an order"));
    assert_eq!(run.logs()[0].field("amount"), Some("25"));
}

#[tokio::test]
async fn a_callback_that_nobody_answers_is_named_with_the_line_to_add() {
    let run = lambdura_testing::run(order, &25).await;
    assert_eq!(run.status(), RunStatus::Waits);
    assert_eq!(run.waits_for(), ["manager"]);
    let said = run.result::<Value>().expect_err("it has none").to_string();
    assert!(
        said.starts_with("`handler` is WAITS\n  it waits for callback `manager`"),
        "{said}"
    );
    assert!(
        said.contains(".answer(callback(\"manager\").succeeds(&json!(..)))"),
        "{said}"
    );
    assert!(said.contains("Step reserve SUCCEEDED +0s"), "{said}");
}

#[tokio::test]
async fn nobody_answers_and_the_timeout_comes() {
    let runner = DurableTestRunner::builder("order", order)
        .answer(callback("manager").never())
        .open()
        .await
        .expect("it opens");
    let run = runner.run(&25).await.expect("it runs");
    assert_eq!(run.status(), RunStatus::Failed);
    assert_eq!(run.took(), days(7));
    assert_eq!(
        run.operation("manager create callback id").status.as_str(),
        "TIMED_OUT"
    );
    assert_eq!(run.unused_answers(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_test_goes_along_by_hand() {
    let runner = DurableTestRunner::builder("order", order)
        .open()
        .await
        .expect("it opens");
    let execution = runner.start_named("o-1", &25).await.expect("it starts");
    let run = execution.look().await.expect("it is there");
    assert_eq!((run.name(), run.status()), ("o-1", RunStatus::Waits));
    runner.advance(hours(30)).await.expect("time passes");
    let manager = runner.callback("manager").await.expect("it is open");
    manager.heartbeat().await.expect("it is taken");
    manager.succeed(&false).await.expect("it is taken");
    let none = runner
        .callback("manager")
        .await
        .map(|_| ())
        .expect_err("it is answered");
    assert_eq!(
        none.to_string(),
        "no callback `manager` is open; none is open"
    );
    let run = execution.finish().await.expect("it ends");
    assert_eq!(run.result::<Value>().expect("a result")["approved"], false);
    assert_eq!(run.took(), hours(30) + days(1));
}

#[tokio::test]
async fn an_execution_can_be_stopped_through_the_program() {
    let runner = DurableTestRunner::builder("order", order)
        .open()
        .await
        .expect("it opens");
    let execution = runner.start(&25).await.expect("it starts");
    execution
        .execution()
        .stop("enough")
        .await
        .expect("it stops");
    let run = execution.finish().await.expect("it has ended");
    assert_eq!(run.status(), RunStatus::Stopped);
    let listed = runner.app().list().await.expect("they are listed");
    assert_eq!(listed.len(), 1);
}

#[tokio::test]
async fn retries_take_the_time_that_they_wait() {
    let tries = Arc::new(AtomicU32::new(0));
    let handler = move |(): (), ctx: DurableContext| {
        let tries = Arc::clone(&tries);
        async move {
            let charge = ctx.step(|_: StepContext| {
                let tries = Arc::clone(&tries);
                async move {
                    match tries.fetch_add(1, Ordering::Relaxed) {
                        0 | 1 => Err(BoxError::from("declined")),
                        _ => Ok(7),
                    }
                }
            });
            let retry = RetryStrategy::fixed(minutes(10));
            charge
                .name("charge")
                .retry(retry)
                .await
                .map_err(BoxError::from)
        }
    };
    let run = lambdura_testing::run(handler, &()).await;
    assert_eq!(run.result::<u32>().expect("a result"), 7);
    assert_eq!(run.operation("charge").attempts, 3);
    assert_eq!(run.took(), minutes(20));
}

/// Opens callbacks of one name, one after the other, until one succeeds.
async fn insists((): (), ctx: DurableContext) -> Result<u32, BoxError> {
    for attempt in 1..=5 {
        let asked = ctx
            .create_callback::<bool>()
            .name("ask")
            .timeout(hours(1))
            .await?;
        if asked.await.is_ok() {
            return Ok(attempt);
        }
    }
    Err("nobody said yes".into())
}

#[tokio::test]
async fn rules_are_for_attempts_and_end_in_errors() {
    let runner = DurableTestRunner::builder("insists", insists)
        .answer(callback("ask").attempt(1).never())
        .answer(callback("ask").attempt(2).fails("Busy", "not today"))
        .answer(callback("ask").attempt(3).fails("Busy", "not today"))
        .answer(
            callback("a*")
                .execution("*")
                .function("insists")
                .succeeds(&true),
        )
        .answer(callback("other").succeeds(&true))
        .open()
        .await
        .expect("it opens");
    let run = runner.run(&()).await.expect("it runs");
    assert_eq!(run.result::<u32>().expect("a result"), 4);
    assert_eq!(run.took(), hours(1));
    assert_eq!(run.unused_answers(), ["callback(\"other\")"]);
}

async fn buys(item: String, ctx: DurableContext) -> Result<(u32, String), BoxError> {
    let price: u32 = ctx.invoke("pricing", &item).await?;
    let shipped: String = ctx.invoke("shipping:live", &item).await?;
    Ok((price, shipped))
}

async fn ships(item: String, ctx: DurableContext) -> Result<String, BoxError> {
    ctx.wait(days(2)).await?;
    Ok(format!("{item} is there"))
}

async fn prices(event: LambdaEvent<String>) -> Result<usize, BoxError> {
    Ok(event.payload.len())
}

#[tokio::test]
async fn chained_functions_are_closures() {
    let runner = DurableTestRunner::builder("buys", buys)
        .function("pricing", prices)
        .durable("shipping", ships)
        .open()
        .await
        .expect("it opens");
    let run = runner.run("book").await.expect("it runs");
    let (price, shipped) = run.result::<(u32, String)>().expect("a result");
    assert_eq!((price, shipped.as_str()), (4, "book is there"));
    assert_eq!(run.took(), days(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runtime_of_many_threads_changes_nothing() {
    let runner = DurableTestRunner::builder("order", order)
        .answer(callback("manager").after(days(3)).succeeds(&true))
        .open()
        .await
        .expect("it opens");
    for _ in 0..20 {
        let run = runner.run(&25).await.expect("it runs");
        assert_eq!(run.took(), days(4));
        assert_eq!(run.logs().iter().filter(|line| !line.replayed).count(), 2);
    }
}

#[tokio::test]
async fn a_function_that_is_missing_is_named_with_the_line_to_add() {
    let runner = DurableTestRunner::builder("buys", buys)
        .open()
        .await
        .expect("it opens");
    let run = runner.run("book").await.expect("it runs");
    let said = run.result::<Value>().expect_err("it failed").to_string();
    assert!(
        said.contains("there is no function `pricing` here: add `.function(\"pricing\""),
        "{said}"
    );
}

#[tokio::test]
async fn what_cannot_be_a_test_is_refused_in_words() {
    let twice = DurableTestRunner::builder("buys", buys)
        .function("buys", prices)
        .open()
        .await;
    let said = twice.map(|_| ()).expect_err("two of a name").to_string();
    assert!(said.contains("two handlers are called `buys`"), "{said}");

    let soon = DurableTestRunner::builder("buys", buys)
        .starts_at("soon")
        .open()
        .await;
    let said = soon.map(|_| ()).expect_err("no instant").to_string();
    assert!(said.contains("`soon` is not an instant"), "{said}");

    let zeroth = callback("x").attempt(0).never();
    let zeroth = DurableTestRunner::builder("buys", buys)
        .answer(zeroth)
        .open()
        .await;
    let said = zeroth.map(|_| ()).expect_err("counted from 1").to_string();
    assert!(said.contains("attempts are counted from 1"), "{said}");
}

#[tokio::test]
async fn waiting_for_real_time_is_noticed() {
    let sleeps = |(): (), ctx: DurableContext| async move {
        let step = ctx.step(|_: StepContext| async {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            Ok::<_, BoxError>(())
        });
        step.name("nap").await.map_err(BoxError::from)
    };
    let runner = DurableTestRunner::builder("sleeps", sleeps)
        .patience(Duration::from_secs(2))
        .open()
        .await
        .expect("it opens");
    let stuck = runner
        .run(&())
        .await
        .expect_err("it comes to no end")
        .to_string();
    assert!(
        stuck.starts_with("nothing has happened for 2s of real time"),
        "{stuck}"
    );
    assert!(stuck.contains("at work: Step `nap` of `sleeps`"), "{stuck}");
}

#[tokio::test]
#[should_panic(expected = "there is no operation `charge`")]
async fn an_operation_that_is_not_there_shows_those_that_are() {
    let run = lambdura_testing::run(order, &25).await;
    let _ = run.operation("charge");
}

/// Waits for a callback, or for a day.
async fn asks_or_waits(asks: bool, ctx: DurableContext) -> Result<(), BoxError> {
    if asks {
        let manager = ctx.create_callback::<bool>().name("manager").await?;
        manager.await?;
    } else {
        ctx.wait(days(1)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_another_execution_waits_for_is_no_concern_of_this_one() {
    let runner = DurableTestRunner::builder("either", asks_or_waits)
        .open()
        .await
        .expect("it opens");
    let asks = runner.run(&true).await.expect("it runs");
    assert_eq!(asks.status(), RunStatus::Waits);
    assert_eq!(asks.waits_for(), ["manager"]);
    let waits = runner.run(&false).await.expect("it runs");
    assert_eq!(waits.status(), RunStatus::Succeeded, "{}", waits.tree());
    assert_eq!(waits.took(), days(1));
}

#[tokio::test]
async fn each_execution_has_callbacks_of_its_own() {
    let runner = DurableTestRunner::builder("either", asks_or_waits)
        .open()
        .await
        .expect("it opens");
    let one = runner.start(&true).await.expect("it starts");
    let other = runner.start(&true).await.expect("it starts");
    let said = runner.callback("manager").await.expect_err("which one?");
    assert!(
        said.to_string().contains("more than one execution"),
        "{said}"
    );
    let callback = other.callback("manager").await.expect("it is open");
    callback.succeed(&true).await.expect("it is answered");
    let other = other.look().await.expect("it is there");
    assert_eq!(other.status(), RunStatus::Succeeded);
    assert_eq!(
        one.look().await.expect("it is there").status(),
        RunStatus::Waits
    );
    let callback = runner.callback("manager").await.expect("one is left");
    callback.succeed(&true).await.expect("it is answered");
    let said = runner.callback("manager").await.expect_err("none is left");
    assert!(said.to_string().contains("none is open"), "{said}");
}

#[tokio::test]
async fn nobody_answers_within_an_invoked_execution_either() {
    async fn ships((): (), ctx: DurableContext) -> Result<bool, BoxError> {
        let pickup = ctx
            .create_callback::<bool>()
            .name("pickup")
            .timeout(days(2));
        Ok(pickup.await?.await.is_ok())
    }
    let sells = |(): (), ctx: DurableContext| async move {
        Ok::<_, BoxError>(
            ctx.invoke::<_, bool>("ships:live", &())
                .name("ship")
                .await?,
        )
    };
    let runner = DurableTestRunner::builder("sells", sells)
        .durable("ships", ships)
        .answer(callback("pickup").never())
        .answer(callback("pickup").attempt(9).never())
        .open()
        .await
        .expect("it opens");
    let run = runner.run(&()).await.expect("it runs");
    assert!(!run.result::<bool>().expect("a result"));
    assert_eq!(run.took(), days(2));
    assert_eq!(run.unused_answers(), ["callback(\"pickup\").attempt(9)"]);
    assert_eq!(
        run.tree(),
        "sells SUCCEEDED +2d\n  ChainedInvoke ship SUCCEEDED +0s to +2d\n"
    );
}

#[tokio::test]
async fn a_result_that_aws_would_refuse_is_refused() {
    let large = "x".repeat(2_000_000);
    let builder = DurableTestRunner::builder("either", asks_or_waits);
    let opened = builder.answer(callback("manager").succeeds(&large)).open();
    let said = opened.await.expect_err("it is too large").to_string();
    assert!(said.contains("at most 1 MB"), "{said}");
}
